// The contract's pages: printing the sheet of a week, saying where a slider stands.
(() => {
  "use strict";
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
  });
  document.addEventListener("input", (event) => {
    const said = event.target.dataset && event.target.dataset.said;
    if (said) document.querySelector(said).textContent = event.target.value;
  });
})();
