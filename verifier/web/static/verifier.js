// Comforts only: the page works without this file.
"use strict";

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// Paper has no disclosure triangles.
window.addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});

for (const form of document.querySelectorAll("form")) {
  const busy = form.querySelector("[data-busy]");
  const submit = form.querySelector("button[type=submit]");
  form.addEventListener("submit", () => {
    busy.textContent = busy.dataset.busy;
    submit.disabled = true;
  });
  // Coming back with the browser's own button, the form is ready again.
  window.addEventListener("pageshow", () => {
    busy.textContent = "";
    submit.disabled = false;
  });
}
