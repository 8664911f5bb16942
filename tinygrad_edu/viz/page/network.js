// The network, in plain JavaScript: the ops of a recorded call, one after the other, on a single sample.
// An array is {data: Float32Array, shape: [...]}, in row-major order, as numpy has it.
"use strict";

class Network {
  constructor(program) {
    this.program = program;
    const numbers = decoded(program.numbers, program.bits);
    let start = 0;
    this.constants = program.constants.map((shape) => {
      const size = sizeOf(shape);
      start += size;
      return { data: numbers.subarray(start - size, start), shape };
    });
  }

  // All values that are computed on the way: the sample itself, then the result of each step.
  run(pixels) {
    const values = [{ data: Float32Array.from(pixels), shape: this.program.shape }];
    for (const step of this.program.steps) {
      const inputs = step.from.map((k) => (k === null ? null : k < 0 ? this.constants[-1 - k] : values[k]));
      values.push({ data: OPS[step.op](step, ...inputs), shape: step.shape });
    }
    return values;
  }

  // The model's answer for one sample, as a plain list.
  forward(pixels) {
    return Array.from(this.run(pixels).at(-1).data);
  }

  // The answer as probabilities: as it is, or through softmax if it is none.
  static probabilities(answer) {
    const sum = answer.reduce((a, b) => a + b, 0);
    if (answer.every((v) => v >= 0) && Math.abs(sum - 1) < 1e-3) return answer;
    const top = Math.max(...answer);
    const exp = answer.map((v) => Math.exp(v - top));
    const total = exp.reduce((a, b) => a + b, 0);
    return exp.map((v) => v / total);
  }
}

function sizeOf(shape) {
  return shape.reduce((a, b) => a * b, 1);
}

// Numbers from base64: 32 bits each, or 16 (one sign, five exponent, ten fraction bits).
function decoded(text, bits) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const out = new Float32Array((8 * bytes.length) / bits);
  for (let i = 0; i < out.length; i++) {
    out[i] = bits === 32 ? view.getFloat32(4 * i, true) : half(view.getUint16(2 * i, true));
  }
  return out;
}

function half(h) {
  const sign = h & 0x8000 ? -1 : 1, exponent = (h >> 10) & 31, fraction = h & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

// -- ops ----------------------------------------------------------------------------------------------------------------------

const each = (f) => (step, x) => x.data.map((v) => f(v, step));
const sigmoid = (v) => (v >= 0 ? 1 / (1 + Math.exp(-v)) : Math.exp(v) / (1 + Math.exp(v)));

// Two arrays, entry by entry; axes of length 1 are repeated.
const pairwise = (f) => (step, x, y) => {
  const out = new Float32Array(sizeOf(step.shape));
  const [p, q] = [x, y].map((a) => repeated(a.shape, step.shape));
  for (let i = 0; i < out.length; i++) out[i] = f(x.data[p[i]], y.data[q[i]]);
  return out;
};

// For each entry of the large shape, the place in the small one that it repeats.
function repeated(small, large) {
  let places = [0], stride = sizeOf(small);
  large.forEach((n, axis) => {
    const own = axis - (large.length - small.length);
    const length = own >= 0 ? small[own] : 1;
    stride /= length;
    const next = [];
    for (const place of places) for (let i = 0; i < n; i++) next.push(place + (length === 1 ? 0 : i * stride));
    places = next;
  });
  return places;
}

// Runs along one axis: f gets the entries of each run, and returns as many.
const alongAxis = (f) => (step, x) => {
  const n = x.shape[step.axis], inner = sizeOf(x.shape.slice(step.axis + 1)), out = new Float32Array(x.data.length);
  for (let start = 0; start < out.length; start += n * inner) {
    for (let i = start; i < start + inner; i++) {
      const run = Array.from({ length: n }, (_, j) => x.data[i + j * inner]);
      f(run).forEach((v, j) => (out[i + j * inner] = v));
    }
  }
  return out;
};

function logSoftmax(run) {
  const top = Math.max(...run);
  const log = top + Math.log(run.reduce((sum, v) => sum + Math.exp(v - top), 0));
  return run.map((v) => v - log);
}

// Over axes: f combines a total and an entry.
const reduced = (f, begin, share = false) => (step, x) => {
  const kept = x.shape.map((n, axis) => (step.axes.includes(axis) ? 1 : n));
  const total = new Float64Array(sizeOf(kept)).fill(begin), places = repeated(kept, x.shape);
  for (let i = 0; i < x.data.length; i++) total[places[i]] = f(total[places[i]], x.data[i]);
  return Float32Array.from(total, (v) => (share ? (v * total.length) / x.data.length : v));
};

// (..., in) times (in, out), plus a bias.
function product(step, x, w, b) {
  const [n, m] = w.shape, rows = x.data.length / n, out = new Float32Array(rows * m), row = new Float64Array(m);
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < m; j++) row[j] = b ? b.data[j] : 0;
    for (let i = 0; i < n; i++) {
      const v = x.data[r * n + i];
      if (v !== 0) for (let j = 0; j < m; j++) row[j] += v * w.data[i * m + j];
    }
    out.set(row, r * m);
  }
  return out;
}

// The pixels along one axis that entry k of a window meets: [first position, last position + 1, first pixel, step between pixels].
function met(step, axis, k, size, positions) {
  const stride = step.stride[axis], offset = k * (step.dilation ? step.dilation[axis] : 1) - step.padding[axis][0];
  const first = Math.max(0, Math.ceil(-offset / stride)), end = Math.min(positions, Math.floor((size - 1 - offset) / stride) + 1);
  return [first, end, first * stride + offset, stride];
}

// For each entry of a window and each row that it meets: visit(first place in the result, first pixel, how many, step, entry).
function slide(step, [height, width], [rows, columns], [kh, kw], visit) {
  for (let ky = 0; ky < kh; ky++) {
    const [top, bottom, firstY, strideY] = met(step, 0, ky, height, rows);
    for (let kx = 0; kx < kw; kx++) {
      const [left, right, firstX, strideX] = met(step, 1, kx, width, columns);
      for (let row = top, y = firstY; row < bottom; row++, y += strideY) {
        visit(row * columns + left, y * width + firstX, right - left, strideX, ky * kw + kx);
      }
    }
  }
}

function convolution(step, x, w, b) {
  const [, channels, rows, columns] = step.shape, [, , height, width] = x.shape, [, depth, kh, kw] = w.shape;
  const out = new Float64Array(sizeOf(step.shape)), perGroup = channels / step.groups;
  for (let o = 0; o < channels; o++) {
    const first = Math.floor(o / perGroup) * depth, to = o * rows * columns;
    if (b) out.fill(b.data[o], to, to + rows * columns);
    for (let c = 0; c < depth; c++) {
      const image = (first + c) * height * width, kernel = (o * depth + c) * kh * kw;
      slide(step, [height, width], [rows, columns], [kh, kw], (at, pixel, n, stride, k) => {
        const weight = w.data[kernel + k];
        for (let i = 0; i < n; i++) out[to + at + i] += weight * x.data[image + pixel + i * stride];
      });
    }
  }
  return Float32Array.from(out);
}

// Windows of each channel: meet(total, pixel) for each pixel, finish(total, how many) for each window.
const pooling = (begin, meet, finish) => (step, x) => {
  const [, channels, rows, columns] = step.shape, [, , height, width] = x.shape;
  const out = new Float64Array(sizeOf(step.shape)).fill(begin), counts = new Float64Array(rows * columns);
  for (let c = 0; c < channels; c++) {
    slide(step, [height, width], [rows, columns], step.kernel, (at, pixel, n, stride) => {
      for (let i = 0; i < n; i++) {
        const to = c * rows * columns + at + i;
        out[to] = meet(out[to], x.data[c * height * width + pixel + i * stride]);
        counts[at + i] += c === 0 ? 1 : 0;
      }
    });
  }
  const all = step.kernel[0] * step.kernel[1];
  return Float32Array.from(out, (v, i) => finish(v, step.count_padding ? all : counts[i % counts.length]));
};

function transposed(step, x) {
  const strides = x.shape.map((_, axis) => sizeOf(x.shape.slice(axis + 1)));
  let places = [0];
  for (const axis of step.axes) {
    const next = [];
    for (const place of places) for (let i = 0; i < x.shape[axis]; i++) next.push(place + i * strides[axis]);
    places = next;
  }
  return Float32Array.from(places, (place) => x.data[place]);
}

function batchNorm(step, x, mean, variance, weight, bias) {
  const inner = sizeOf(x.shape.slice(step.axis + 1)), n = x.shape[step.axis];
  return x.data.map((v, i) => {
    const c = Math.floor(i / inner) % n, scale = (weight ? weight.data[c] : 1) / Math.sqrt(variance.data[c] + step.epsilon);
    return (v - mean.data[c]) * scale + (bias ? bias.data[c] : 0);
  });
}

const OPS = {
  linear: product,
  matmul: product,
  conv2d: convolution,
  max_pool2d: pooling(-Infinity, Math.max, (top) => top),
  avg_pool2d: pooling(0, (sum, v) => sum + v, (sum, count) => sum / count),
  batch_norm_inference: batchNorm,
  relu: each((v) => Math.max(v, 0)),
  leaky_relu: each((v, step) => (v > 0 ? v : v * step.slope)),
  elu: each((v, step) => (v > 0 ? v : step.alpha * Math.expm1(v))),
  sigmoid: each(sigmoid),
  tanh: each(Math.tanh),
  silu: each((v) => v * sigmoid(v)),
  softplus: each((v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)))),
  exp: each(Math.exp),
  log: each(Math.log),
  sqrt: each(Math.sqrt),
  square: each((v) => v * v),
  negative: each((v) => -v),
  add: pairwise((a, b) => a + b),
  subtract: pairwise((a, b) => a - b),
  multiply: pairwise((a, b) => a * b),
  divide: pairwise((a, b) => a / b),
  maximum: pairwise(Math.max),
  minimum: pairwise(Math.min),
  softmax: alongAxis((run) => logSoftmax(run).map(Math.exp)),
  log_softmax: alongAxis(logSoftmax),
  sum: reduced((a, b) => a + b, 0),
  mean: reduced((a, b) => a + b, 0, true),
  max: reduced(Math.max, -Infinity),
  reshape: (step, x) => x.data,
  transpose: transposed,
};
