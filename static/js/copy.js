/* A button that copies the field beside it. Without this the field is there to mark and copy by hand. */
for (const place of document.querySelectorAll("[data-copy]")) {
  const field = place.querySelector("input");
  const button = place.querySelector("button");
  const done = place.querySelector("[role=status]");

  field.addEventListener("focus", () => field.select());
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
      done.textContent = done.dataset.done;
    } catch {
      // Without https, or when the browser says no: mark the text, so that one key stroke is left.
      field.focus();
      field.select();
      done.textContent = done.dataset.failed;
    }
  });
  button.hidden = false;
}
