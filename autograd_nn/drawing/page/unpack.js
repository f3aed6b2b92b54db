// Take data, style and script out of their gzip, and put them into the page.
(async () => {
  if (!self.DecompressionStream) {
    document.body.textContent = "This page needs a browser of 2024 or later.";
    return;
  }
  for (const packed of document.querySelectorAll("script[type='application/gzip']")) {
    const bytes = Uint8Array.from(atob(packed.textContent), char => char.charCodeAt(0));
    const text = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
    if (packed.id === "data") {
      packed.textContent = text;
      continue;
    }
    const element = document.createElement(packed.id);
    element.textContent = text;
    document.head.append(element);
    packed.remove();
  }
})();
