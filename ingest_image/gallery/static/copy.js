// Buttons that copy the text of another element. Without HTTPS, browsers let pages select it only.
for (const button of all("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(text.textContent);
      one("span", button).textContent = "Copied";
    } catch {
      window.getSelection().selectAllChildren(text);
      one("span", button).textContent = "Selected: press Ctrl-C";
    }
  });
}
