"""A time series: what comes next after 48 hours of a wave of days and weeks, from convolutions that only look back.

python examples/keras_style/time_series.py
"""

import os

import numpy as np

if os.environ.get("TINYGRAD_EDU_BACKEND") == "keras":
    import keras
    from keras import layers
else:
    from tinygrad_edu import keras
    from tinygrad_edu.keras import layers

WINDOW = 48


def data(hours=4_000, test_hours=800):
    """Windows of 48 hours, and the hour after each; the last weeks are kept for the test."""
    rng = np.random.default_rng(0)
    t = np.arange(hours + test_hours)
    series = np.sin(2 * np.pi * t / 24) + 0.5 * np.sin(2 * np.pi * t / 168) + 0.1 * rng.normal(size=t.size)
    windows = np.lib.stride_tricks.sliding_window_view(series.astype("float32"), WINDOW + 1)
    x, y = windows[:, :-1, None], windows[:, -1:]
    return (x[:hours], y[:hours]), (x[hours:], y[hours:])


def build():
    """Each convolution looks twice as far back as the one before."""
    model = keras.Sequential([keras.Input((WINDOW, 1))])
    for dilation in (1, 2, 4, 8):
        model.add(layers.Conv1D(16, 3, padding="causal", dilation_rate=dilation, use_bias=False))
        model.add(layers.BatchNormalization())
        model.add(layers.ReLU())
    model.add(layers.Flatten())
    model.add(layers.Dense(1))
    model.compile(keras.optimizers.Adam(0.003), loss=keras.losses.Huber(), metrics=["mae"])
    return model


def main():
    """Train, then forecast a day, each hour from those forecast before."""
    keras.utils.set_random_seed(0)
    (x, y), (x_test, y_test) = data()
    model = build()
    model.summary()
    model.fit(x, y, batch_size=64, epochs=10, validation_data=(x_test, y_test), verbose=2)
    unchanged = np.abs(x_test[:, -1] - y_test).mean()
    print(f"mean error {model.evaluate(x_test, y_test, verbose=0)[1]:.3f}; of 'as the hour before' {unchanged:.3f}")

    window, day = x_test[:1], []
    for _ in range(24):
        day.append(model.predict_on_batch(window))
        window = np.concatenate([window[:, 1:], day[-1][:, None]], axis=1)
    print(f"error of a day's forecast: {np.abs(np.concatenate(day) - y_test[:24]).mean():.3f}")


if __name__ == "__main__":
    main()
