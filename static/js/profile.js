// A person's own page: the device's time zone with one press, and one day's hours for the whole week.
(() => {
  "use strict";
  document.addEventListener("DOMContentLoaded", () => {
    const select = document.querySelector("[data-zone-form] select[name='time_zone']");
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (select && zone && select.value !== zone && [...select.options].some((one) => one.value === zone)) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn small";
      button.textContent = `Use this device's: ${zone.replaceAll("_", " ")}`;
      button.addEventListener("click", () => { select.value = zone; select.dispatchEvent(new Event("input", { bubbles: true })); button.remove(); });
      select.after(button);
    }
  });
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-same-hours]");
    if (!button) return;
    const days = [...button.form.querySelectorAll("[name^='day_']")];
    for (const day of days.slice(1, 5)) day.value = days[0].value;
    days[0].dispatchEvent(new Event("input", { bubbles: true }));
  });
})();
