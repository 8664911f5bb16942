// "In your browser": loads Pyodide and the package at the first press of Run, then runs what stands in the box.
const PYODIDE = "https://cdn.jsdelivr.net/pyodide/v314.0.7/full/pyodide.mjs";
let python; // a promise of the interpreter

async function start(say) {
  say("Loading Python and numpy ...\n");
  const { loadPyodide } = await import(PYODIDE);
  const loaded = await loadPyodide();
  await loaded.loadPackage("numpy");
  const answer = await fetch(new URL("../tinygrad_edu.zip", document.baseURI));
  if (!answer.ok) throw new Error(`tinygrad_edu.zip: ${answer.status}`);
  loaded.unpackArchive(await answer.arrayBuffer(), "zip");
  return loaded;
}

for (const runner of document.querySelectorAll(".runner")) {
  const [code, button, output] = [".runner-code", ".runner-run", ".runner-output"].map((name) => runner.querySelector(name));
  const say = (text) => (output.textContent += text);
  button.addEventListener("click", async () => {
    button.disabled = true;
    output.textContent = "";
    try {
      python ??= start(say);
      const ready = await python;
      output.textContent = "";
      ready.setStdout({ batched: (line) => say(line + "\n") });
      await ready.runPythonAsync(code.value);
    } catch (error) {
      if (output.textContent.startsWith("Loading")) {
        python = undefined; // another press tries again
        output.textContent = "";
        say("Python could not be loaded. It comes from cdn.jsdelivr.net, which this browser may not reach.\n");
      }
      say(String(error));
    } finally {
      button.disabled = false;
    }
  });
}
