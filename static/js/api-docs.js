// The browsable documentation, from the packaged Swagger UI; "Try it out" uses the session of the reader.
document.addEventListener("DOMContentLoaded", () => {
  const place = document.querySelector("#docs");
  SwaggerUIBundle({
    url: place.dataset.schema,
    domNode: place,
    deepLinking: true,
    requestInterceptor: (request) => {
      if (request.url.startsWith(location.origin)) request.headers["X-CSRFToken"] = place.dataset.token;
      return request;
    },
  });
});
