# One image for every Baton process; docker-compose.yml says which command each runs.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 BATON_VAR=/data PORT=8000

RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin baton \
    && mkdir /data && chown baton:baton /data

WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.txt
COPY . .
RUN python -m compileall -q .

USER baton
VOLUME /data
EXPOSE 8000
CMD ["python", "-m", "gunicorn", "-c", "python:config.gunicorn", "-b", "0.0.0.0:8000"]
