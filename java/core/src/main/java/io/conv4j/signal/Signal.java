package io.conv4j.signal;

import io.conv4j.memory.Tensor;
import io.conv4j.plan.ConvPlan;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Orientation;
import io.conv4j.spec.Padding;
import io.conv4j.spec.Shape;
import java.lang.reflect.Array;
import java.util.Objects;

/**
 * Convolution, cross-correlation and deconvolution of plain arrays. Formulas and sizes: the {@linkplain io.conv4j.signal
 * package page} and {@link Mode}.
 *
 * <p>Arrays are non-empty; those in two dimensions are rows of equal length, {@code [height][width]}. No argument is
 * changed. {@code double} is computed in double precision in Java; {@code float} by a {@link ConvPlan} made for the call,
 * which pays for long signals and large images.
 *
 * <p>All methods throw
 *
 * <ul>
 *   <li>{@link NullPointerException} if an argument or one of its rows is null, naming it,
 *   <li>{@link IllegalArgumentException} if an array is empty, its rows differ in length, the kernel is larger than the
 *       signal on an axis in mode VALID, or an array (of {@code float}, all its rows together) has more elements than a
 *       Java array can,
 * </ul>
 *
 * and those on {@code float} also what {@link ConvPlan#create(ConvSpec, Shape)} throws for want of native memory or of the
 * native library.
 */
public final class Signal {
    private static final int LARGEST_ARRAY = Integer.MAX_VALUE - 8;

    private Signal() {}

    /**
     * Convolution: (f * g)(t) = sum over &tau; of f(&tau;) g(t - &tau;). In mode FULL it commutes.
     *
     * @param signal f, n elements
     * @param kernel g, k elements
     * @param mode the part that is given
     * @return as many elements as {@link Mode} says
     */
    public static double[] convolve(double[] signal, double[] kernel, Mode mode) {
        return convolve(row("signal", signal), row("kernel", kernel), mode)[0];
    }

    /**
     * Convolution in two dimensions: (f * g)(s, t) = sum over &sigma;, &tau; of f(&sigma;, &tau;) g(s - &sigma;, t -
     * &tau;). In mode FULL it commutes.
     *
     * @param signal f, {@code [height][width]}
     * @param kernel g, {@code [height][width]}
     * @param mode the part that is given, on both axes
     * @return as many rows and columns as {@link Mode} says
     */
    public static double[][] convolve(double[][] signal, double[][] kernel, Mode mode) {
        check(signal, kernel, mode);
        return convolution(signal, kernel, mode);
    }

    /**
     * Convolution in single precision: (f * g)(t) = sum over &tau; of f(&tau;) g(t - &tau;).
     *
     * @param signal f, n elements
     * @param kernel g, k elements
     * @param mode the part that is given
     * @return as many elements as {@link Mode} says
     */
    public static float[] convolve(float[] signal, float[] kernel, Mode mode) {
        return convolve(row("signal", signal), row("kernel", kernel), mode)[0];
    }

    /**
     * Convolution in two dimensions in single precision: (f * g)(s, t) = sum over &sigma;, &tau; of f(&sigma;, &tau;)
     * g(s - &sigma;, t - &tau;).
     *
     * @param signal f, {@code [height][width]}
     * @param kernel g, {@code [height][width]}
     * @param mode the part that is given, on both axes
     * @return as many rows and columns as {@link Mode} says
     */
    public static float[][] convolve(float[][] signal, float[][] kernel, Mode mode) {
        check(signal, kernel, mode);
        return planned(signal, kernel, mode, Orientation.CONVOLUTION);
    }

    /**
     * Cross-correlation: (f &#x22C6; g)(t) = sum over &tau; of f(t + &tau;) g(&tau;). It does not commute: in mode FULL,
     * g &#x22C6; f is f &#x22C6; g read backwards.
     *
     * @param signal f, n elements
     * @param kernel g, k elements
     * @param mode the part that is given
     * @return as many elements as {@link Mode} says
     */
    public static double[] correlate(double[] signal, double[] kernel, Mode mode) {
        return correlate(row("signal", signal), row("kernel", kernel), mode)[0];
    }

    /**
     * Cross-correlation in two dimensions: (f &#x22C6; g)(s, t) = sum over &sigma;, &tau; of f(s + &sigma;, t + &tau;)
     * g(&sigma;, &tau;). It does not commute: in mode FULL, g &#x22C6; f is f &#x22C6; g read backwards on both axes.
     *
     * @param signal f, {@code [height][width]}
     * @param kernel g, {@code [height][width]}
     * @param mode the part that is given, on both axes
     * @return as many rows and columns as {@link Mode} says
     */
    public static double[][] correlate(double[][] signal, double[][] kernel, Mode mode) {
        check(signal, kernel, mode);
        return convolution(signal, flipped(kernel), mode);
    }

    /**
     * Cross-correlation in single precision: (f &#x22C6; g)(t) = sum over &tau; of f(t + &tau;) g(&tau;).
     *
     * @param signal f, n elements
     * @param kernel g, k elements
     * @param mode the part that is given
     * @return as many elements as {@link Mode} says
     */
    public static float[] correlate(float[] signal, float[] kernel, Mode mode) {
        return correlate(row("signal", signal), row("kernel", kernel), mode)[0];
    }

    /**
     * Cross-correlation in two dimensions in single precision: (f &#x22C6; g)(s, t) = sum over &sigma;, &tau; of f(s +
     * &sigma;, t + &tau;) g(&sigma;, &tau;).
     *
     * @param signal f, {@code [height][width]}
     * @param kernel g, {@code [height][width]}
     * @param mode the part that is given, on both axes
     * @return as many rows and columns as {@link Mode} says
     */
    public static float[][] correlate(float[][] signal, float[][] kernel, Mode mode) {
        check(signal, kernel, mode);
        return planned(signal, kernel, mode, Orientation.CROSS_CORRELATION);
    }

    /**
     * Undoes a full convolution: finds q and r with signal = divisor * q + r, as polynomials are divided. Of a signal
     * that is divisor * f it finds f, and r = 0 but for rounding, whose errors grow along the signal when the divisor, as
     * a polynomial with its first element leading, has roots outside the unit circle.
     *
     * @param signal n elements
     * @param divisor k elements, the first of them not 0
     * @return the quotient, n - k + 1 elements, and the remainder, n elements; for k above n, no elements and the signal
     * @throws IllegalArgumentException also if the divisor begins with 0
     */
    public static Deconvolution deconvolve(double[] signal, double[] divisor) {
        checkRows("signal", row("signal", signal));
        checkRows("divisor", row("divisor", divisor));
        if (divisor[0] == 0) {
            throw new IllegalArgumentException("divisor: expected a first element other than 0 but got " + divisor[0]);
        }
        double[] remainder = signal.clone();
        double[] quotient = new double[Math.max(signal.length - divisor.length + 1, 0)];
        for (int t = 0; t < quotient.length; t++) {
            quotient[t] = remainder[t] / divisor[0];
            for (int tap = 0; tap < divisor.length; tap++) {
                remainder[t + tap] -= quotient[t] * divisor[tap];
            }
        }
        return new Deconvolution(quotient, remainder);
    }

    private static double[][] row(String name, double[] values) {
        return new double[][] {Objects.requireNonNull(values, name)};
    }

    private static float[][] row(String name, float[] values) {
        return new float[][] {Objects.requireNonNull(values, name)};
    }

    private static void check(Object[] signal, Object[] kernel, Mode mode) {
        checkRows("signal", signal);
        checkRows("kernel", kernel);
        Objects.requireNonNull(mode, "mode");
        checkAxis("height", signal.length, kernel.length, mode);
        checkAxis("length", Array.getLength(signal[0]), Array.getLength(kernel[0]), mode);
    }

    private static void checkRows(String name, Object[] rows) {
        Objects.requireNonNull(rows, name);
        for (int y = 0; y < rows.length; y++) {
            Objects.requireNonNull(rows[y], name + "[" + y + "]");
            if (Array.getLength(rows[y]) != Array.getLength(rows[0])) {
                throw new IllegalArgumentException(name + ": expected rows of " + Array.getLength(rows[0])
                        + " elements, as in the first, but got " + Array.getLength(rows[y]) + " in row " + y);
            }
        }
        if (rows.length == 0 || Array.getLength(rows[0]) == 0) {
            throw new IllegalArgumentException(name + ": expected at least one element but got none");
        }
    }

    private static void checkAxis(String what, int signal, int kernel, Mode mode) {
        long size = mode.size(signal, kernel);
        if (size < 1) {
            throw new IllegalArgumentException("kernel: expected a " + what + " of at most " + signal
                    + ", the signal's, in mode VALID but got " + kernel);
        }
        checkElements("kernel: expected one whose result", size);
    }

    private static void checkElements(String what, long elements) {
        if (elements > LARGEST_ARRAY) {
            throw new IllegalArgumentException(
                    what + " has at most " + LARGEST_ARRAY + " elements, which an array can hold, but got " + elements);
        }
    }

    private static double[][] convolution(double[][] signal, double[][] kernel, Mode mode) {
        int kernelHeight = kernel.length;
        int kernelWidth = kernel[0].length;
        int height = (int) mode.size(signal.length, kernelHeight);
        int width = (int) mode.size(signal[0].length, kernelWidth);
        double[][] result = new double[height][width];
        for (int y = 0; y < height; y++) {
            for (int j = 0; j < kernelHeight; j++) {
                int row = y + mode.first(kernelHeight) - j;
                if (row >= 0 && row < signal.length) {
                    addConvolution(result[y], signal[row], kernel[j], mode.first(kernelWidth));
                }
            }
        }
        return result;
    }

    /** Tap by tap, so that the inner loop runs over neighbours and is vectorised. */
    private static void addConvolution(double[] result, double[] signal, double[] kernel, int first) {
        for (int k = 0; k < kernel.length; k++) {
            double tap = kernel[k];
            int shift = first - k;
            int end = (int) Math.min(result.length, (long) signal.length - shift);
            for (int x = Math.max(-shift, 0); x < end; x++) {
                result[x] += tap * signal[x + shift];
            }
        }
    }

    private static double[][] flipped(double[][] kernel) {
        int height = kernel.length;
        int width = kernel[0].length;
        double[][] flipped = new double[height][width];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                flipped[y][x] = kernel[height - 1 - y][width - 1 - x];
            }
        }
        return flipped;
    }

    private static float[][] planned(float[][] signal, float[][] kernel, Mode mode, Orientation orientation) {
        checkElements("signal: expected one that", (long) signal.length * signal[0].length);
        checkElements("kernel: expected one that", (long) kernel.length * kernel[0].length);
        checkElements(
                "kernel: expected one whose result",
                mode.size(signal.length, kernel.length) * mode.size(signal[0].length, kernel[0].length));
        ConvSpec spec = ConvSpec.builder(1, 1)
                .kernel(kernel.length, kernel[0].length)
                .padding(Padding.explicit(
                        mode.before(kernel.length),
                        mode.after(signal.length, kernel.length),
                        mode.before(kernel[0].length),
                        mode.after(signal[0].length, kernel[0].length)))
                .orientation(orientation)
                .build();
        try (ConvPlan plan = ConvPlan.create(spec, Shape.of(1, 1, signal.length, signal[0].length));
                Tensor source = Tensor.of(flat(signal), plan.sourceShape());
                Tensor weights = Tensor.of(flat(kernel), plan.weightsShape());
                Tensor output = plan.forward(source, weights)) {
            return rows(output.toFloatArray(), (int) plan.outputShape().size(3));
        }
    }

    private static float[] flat(float[][] rows) {
        int width = rows[0].length;
        float[] flat = new float[rows.length * width];
        for (int y = 0; y < rows.length; y++) {
            System.arraycopy(rows[y], 0, flat, y * width, width);
        }
        return flat;
    }

    private static float[][] rows(float[] flat, int width) {
        float[][] rows = new float[flat.length / width][width];
        for (int y = 0; y < rows.length; y++) {
            System.arraycopy(flat, y * width, rows[y], 0, width);
        }
        return rows;
    }
}
