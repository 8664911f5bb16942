// The canvas: strokes with mouse, pen or finger, made into an image as MNIST's were, and shown to the network.
"use strict";

const SIDE = 280; // of the canvas, in its own pixels
const PEN = 0.11; // the width of a stroke, for the larger side of the drawing

// An image of n x n pixels from 0 to 1 out of strokes [[[x, y], ...], ...].
// MNIST's digits were scaled into a box of 20 x 20 pixels, and moved so that their centre of mass is that of the 28 x 28 image.
// Strokes are drawn anew at that size, each pixel as 8 x 8 smaller ones, so that a small drawing gets no thicker strokes.
function imageOf(strokes, n) {
  const out = new Float32Array(n * n), points = strokes.flat();
  if (!points.length) return out;
  const [xs, ys] = [0, 1].map((k) => points.map((p) => p[k]));
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const extent = Math.max(Math.max(...xs) - left, Math.max(...ys) - top, SIDE / 8); // a dot stays a dot
  const box = (20 / 28) * n, pen = PEN * box, scale = (box - pen) / extent;
  const [width, height] = [Math.max(...xs) - left, Math.max(...ys) - top];
  const fine = 8, canvas = document.createElement("canvas");
  canvas.width = canvas.height = fine * n;
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  brush.lineWidth = pen * fine;
  brush.lineCap = brush.lineJoin = "round";
  const paint = (dx, dy) => {
    brush.clearRect(0, 0, fine * n, fine * n);
    brush.beginPath();
    for (const stroke of strokes) {
      stroke.concat(stroke.length === 1 ? stroke : []).forEach(([x, y], i) => {
        const at = [((x - left - width / 2) * scale + n / 2 + dx) * fine, ((y - top - height / 2) * scale + n / 2 + dy) * fine];
        if (i) brush.lineTo(at[0], at[1] + (stroke.length === 1 ? 0.01 : 0));
        else brush.moveTo(...at);
      });
    }
    brush.stroke();
    const ink = brush.getImageData(0, 0, fine * n, fine * n).data;
    out.fill(0);
    for (let y = 0; y < fine * n; y++) {
      for (let x = 0; x < fine * n; x++) {
        out[Math.floor(y / fine) * n + Math.floor(x / fine)] += ink[4 * (y * fine * n + x) + 3] / 255 / fine ** 2;
      }
    }
  };
  paint(0, 0);
  let mass = 0, mx = 0, my = 0;
  out.forEach((v, i) => {
    mass += v;
    mx += v * ((i % n) + 0.5);
    my += v * (Math.floor(i / n) + 0.5);
  });
  paint(n / 2 - mx / mass, n / 2 - my / mass);
  return out;
}

// -- what is shown ------------------------------------------------------------------------------------------------------------

const BLUE = [59, 130, 196], RED = [199, 84, 80];

// Paints images of numbers beside each other, each [values, height, width]: blue above 0, red below, the larger the stronger.
function paintTiles(canvas, images, columns) {
  const [, height, width] = images[0], gap = images.length > 1 ? 1 : 0;
  const wide = columns * (width + gap) - gap, high = Math.ceil(images.length / columns) * (height + gap) - gap;
  [canvas.width, canvas.height] = [wide, high];
  const brush = canvas.getContext("2d"), pixels = brush.createImageData(wide, high);
  let top = 1e-9;
  for (const [values] of images) for (const v of values) top = Math.max(top, Math.abs(v));
  images.forEach(([values], k) => {
    const left = (k % columns) * (width + gap), above = Math.floor(k / columns) * (height + gap);
    for (let i = 0; i < values.length; i++) {
      const at = 4 * ((above + Math.floor(i / width)) * wide + left + (i % width)), colour = values[i] >= 0 ? BLUE : RED;
      for (let j = 0; j < 3; j++) pixels.data[at + j] = colour[j];
      pixels.data[at + 3] = (255 * Math.abs(values[i])) / top;
    }
  });
  brush.putImageData(pixels, 0, 0);
  canvas.dataset.tiles = images.length;
  return canvas;
}

// A value of the network: an image for each channel, or all its numbers in a few rows.
function paintValue(canvas, { data, shape }) {
  if (shape.length !== 4) return paintTiles(canvas, [[data, Math.ceil(data.length / 32), Math.min(32, data.length)]], 1);
  const last = shape[1] === shape[2] && shape[2] !== shape[3]; // (1, H, W, C), as Keras has it
  const [channels, height, width] = last ? [shape[3], shape[1], shape[2]] : shape.slice(1);
  const size = height * width, pixel = (c, i) => data[last ? i * channels + c : c * size + i];
  const images = Array.from({ length: channels }, (_, c) => [Float32Array.from({ length: size }, (_, i) => pixel(c, i)), height, width]);
  return paintTiles(canvas, images.slice(0, 32), Math.min(16, channels));
}

function show(network, pixels, view) {
  const [low, high] = network.program.range;
  const values = network.run(pixels.map((v) => low + v * (high - low)));
  paintTiles(view.seen, [[pixels, network.program.side, network.program.side]], 1);
  view.layers.forEach((canvas, i) => paintValue(canvas, values[network.program.layers[i].step]));
  const chances = Network.probabilities(Array.from(values.at(-1).data));
  const best = chances.indexOf(Math.max(...chances));
  view.bars.forEach((bar, i) => {
    bar.style.setProperty("--share", chances[i]);
    bar.classList.toggle("best", i === best);
    bar.querySelector("output").textContent = `${(100 * chances[i]).toFixed(1)} %`;
  });
  view.answer.textContent = network.program.classes[best];
  return best;
}

function begin(program) {
  const network = new Network(program), page = (id) => document.getElementById(id);
  const make = (tag, parent, text = "", name = "") => {
    const element = parent.appendChild(document.createElement(tag));
    element.textContent = text;
    element.className = name;
    return element;
  };
  const view = { seen: page("seen"), answer: page("answer") };
  view.layers = program.layers.map((layer) => {
    const figure = make("figure", page("layers"));
    make("figcaption", figure, layer.name);
    return make("canvas", figure);
  });
  view.bars = program.classes.map((name) => {
    const bar = make("div", page("bars"), "", "bar");
    make("b", bar, name);
    make("i", bar);
    make("output", bar);
    return bar;
  });
  const canvas = page("pad"), brush = canvas.getContext("2d");
  let strokes = [], open = null, waiting = false;
  const paint = () => {
    waiting = false;
    brush.clearRect(0, 0, SIDE, SIDE);
    brush.lineWidth = 18;
    brush.lineCap = brush.lineJoin = "round";
    brush.strokeStyle = getComputedStyle(canvas).color;
    for (const stroke of strokes) {
      brush.beginPath();
      brush.moveTo(...stroke[0]);
      stroke.concat([stroke.at(-1)]).forEach((p) => brush.lineTo(...p));
      brush.stroke();
    }
    if (strokes.length) show(network, imageOf(strokes, program.side), view);
    else clear();
  };
  const later = () => {
    if (!waiting) requestAnimationFrame(paint);
    waiting = true;
  };
  const clear = () => {
    strokes = [];
    brush.clearRect(0, 0, SIDE, SIDE);
    show(network, new Float32Array(program.side ** 2), view);
    view.answer.textContent = "?";
    for (const bar of view.bars) {
      bar.classList.remove("best");
      bar.style.setProperty("--share", 0);
      bar.querySelector("output").textContent = "";
    }
  };
  const point = (event) => {
    const frame = canvas.getBoundingClientRect();
    return [((event.clientX - frame.left) / frame.width) * SIDE, ((event.clientY - frame.top) / frame.height) * SIDE];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    strokes.push((open = [point(event)]));
    event.preventDefault();
    later();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (open) for (const e of event.getCoalescedEvents?.().concat(event) || [event]) open.push(point(e));
    if (open) later();
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (open = null));
  page("clear").addEventListener("click", clear);
  program.samples.forEach((sample) => {
    const bytes = Uint8Array.from(atob(sample), (c) => c.charCodeAt(0)), pixels = Float32Array.from(bytes, (v) => v / 255);
    const button = make("button", page("samples"));
    button.title = "show this test image to the network";
    paintTiles(make("canvas", button), [[pixels, program.side, program.side]], 1);
    button.addEventListener("click", () => {
      clear();
      show(network, pixels, view);
    });
  });
  clear();
  return network;
}
