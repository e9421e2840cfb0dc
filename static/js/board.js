// The board: drag a card, or press M on it. The server answers with the board as it is; this file only asks.
(() => {
  "use strict";
  const moves = document.getElementById("move-dialog");
  let chosen = null; // the card that a move dialog is about
  let dragged = null;
  let focusAfter = ""; // id of the element that had our attention before the swap

  const cardOf = (element) => element.closest && element.closest("[data-deal]");
  const withQuery = (url, extra) => {
    const board = document.getElementById("board");
    const query = [extra, board ? board.dataset.query : ""].filter(Boolean).join("&");
    return query ? `${url}?${query}` : url;
  };

  function move(card, stage) {
    if (!card || card.dataset.stage === stage) return;
    focusAfter = card.id;
    window.htmx.ajax("POST", withQuery(card.dataset.move, ""), {
      target: "#board",
      swap: "outerHTML",
      values: { stage, seq: card.dataset.seq, from: "board" },
    });
  }

  function close(card, kind) {
    if (!card) return;
    focusAfter = card.id;
    const url = kind === "won" ? card.dataset.win : card.dataset.lose;
    window.htmx.ajax("GET", withQuery(url, "from=board"), { target: "#modal", swap: "innerHTML" });
  }

  function openMoves(card) {
    if (!moves || !card || card.getAttribute("draggable") !== "true") return;
    chosen = card;
    moves.querySelector("[data-move-name]").textContent = card.dataset.name;
    for (const button of moves.querySelectorAll("[data-to]")) button.disabled = button.dataset.to === card.dataset.stage;
    moves.showModal();
  }

  function neighbour(card, key) {
    const column = card.closest(".column");
    if (!column) return null;
    if (key === "ArrowUp" || key === "ArrowDown") {
      const near = key === "ArrowUp" ? card.previousElementSibling : card.nextElementSibling;
      return near && near.matches("[data-deal]") ? near : null;
    }
    const place = [...column.querySelectorAll("[data-deal]")].indexOf(card);
    let other = column;
    do {
      other = key === "ArrowLeft" ? other.previousElementSibling : other.nextElementSibling;
    } while (other && !other.querySelector("[data-deal]"));
    if (!other) return null;
    const cards = other.querySelectorAll("[data-deal]");
    return cards[Math.min(place, cards.length - 1)];
  }

  document.addEventListener("keydown", (event) => {
    const card = cardOf(event.target);
    if (!card || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "m" || event.key === "M") {
      event.preventDefault();
      openMoves(card);
    } else if (event.key.startsWith("Arrow")) {
      const next = neighbour(card, event.key);
      if (!next) return;
      event.preventDefault();
      next.querySelector("a").focus();
    }
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.hasAttribute("data-open-move")) openMoves(cardOf(button));
    else if (button.hasAttribute("data-undo")) focusAfter = "";
    else if (moves && moves.contains(button) && !button.hasAttribute("data-close")) {
      moves.close();
      if (button.dataset.to) move(chosen, button.dataset.to);
      else close(chosen, button.dataset.end);
    }
  });

  // --- dragging -------------------------------------------------------------------------------------
  const target = (event) => dragged && event.target.closest && event.target.closest(".column, .board-end");
  const mark = (place) => {
    for (const one of document.querySelectorAll(".over")) if (one !== place) one.classList.remove("over");
    if (place) place.classList.add("over");
  };
  document.addEventListener("dragstart", (event) => {
    dragged = cardOf(event.target);
    if (!dragged) return;
    dragged.classList.add("dragging");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.name);
  });
  document.addEventListener("dragover", (event) => {
    const place = target(event);
    if (dragged) mark(place);
    if (place) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    const place = target(event);
    if (!place) return;
    event.preventDefault();
    if (place.dataset.stage) move(dragged, place.dataset.stage);
    else close(dragged, place.dataset.end);
  });
  document.addEventListener("dragend", () => {
    if (dragged) dragged.classList.remove("dragging");
    dragged = null;
    mark(null);
  });

  // --- answers --------------------------------------------------------------------------------------
  // A conflict comes with what to show: the board or the deal as it is now.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status === 409) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
  // After settling: by then a dialog has closed and given its focus back to a card that is gone.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.elt.id !== "board" || !focusAfter) return;
    const card = document.getElementById(focusAfter);
    focusAfter = "";
    if (card) card.querySelector("a").focus();
  });
})();
