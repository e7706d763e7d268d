package io.conv4j.signal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SignalTest {
    private static final double[] F = {1, 2, 3};
    private static final double[] G = {0, 1, 0.5};

    private final Random random = new Random(9);

    @Test
    void convolutionOfHandWorkedArraysIsRight() {
        assertArrayEquals(new double[] {0, 1, 2.5, 4, 1.5}, Signal.convolve(F, G, Mode.FULL));
        assertArrayEquals(new double[] {1, 2.5, 4}, Signal.convolve(F, G, Mode.SAME));
        assertArrayEquals(new double[] {2.5}, Signal.convolve(F, G, Mode.VALID));
    }

    @Test
    void correlationOfHandWorkedArraysIsRight() {
        assertArrayEquals(new double[] {0.5, 2, 3.5, 3, 0}, Signal.correlate(F, G, Mode.FULL));
        assertArrayEquals(new double[] {2, 3.5, 3}, Signal.correlate(F, G, Mode.SAME));
        assertArrayEquals(new double[] {3.5}, Signal.correlate(F, G, Mode.VALID));
    }

    @Test
    void convolutionOfHandWorkedImagesIsRight() {
        double[][] f = {{1, 2}, {3, 4}};
        double[][] g = {{1, 10}, {100, 1000}};
        double[][] full = {{1, 12, 20}, {103, 1234, 2040}, {300, 3400, 4000}};
        assertArrayEquals(full, Signal.convolve(f, g, Mode.FULL));
        assertArrayEquals(new double[][] {{1, 12}, {103, 1234}}, Signal.convolve(f, g, Mode.SAME));
        assertArrayEquals(new double[][] {{1234}}, Signal.convolve(f, g, Mode.VALID));
        assertArrayEquals(new double[][] {{4321}}, Signal.correlate(f, g, Mode.VALID));
    }

    @Test
    void sameOfAnEvenKernelBeginsBeforeItsMiddle() {
        double[] impulse = {0, 0, 1, 0, 0};
        double[] kernel = {1, 2, 3, 4};
        assertArrayEquals(new double[] {0, 1, 2, 3, 4}, Signal.convolve(impulse, kernel, Mode.SAME));
        assertArrayEquals(new double[] {0, 4, 3, 2, 1}, Signal.correlate(impulse, kernel, Mode.SAME));
        assertArrayEquals(new float[] {0, 1, 2, 3, 4}, Signal.convolve(floats(impulse), floats(kernel), Mode.SAME));
        assertArrayEquals(new float[] {0, 4, 3, 2, 1}, Signal.correlate(floats(impulse), floats(kernel), Mode.SAME));
    }

    @Test
    void aKernelLongerThanTheSignalLeavesTheSignalsSizeInModeSame() {
        assertArrayEquals(
                new double[] {4, 6}, Signal.convolve(new double[] {0, 2}, new double[] {1, 2, 3, 4, 5}, Mode.SAME));
    }

    @Test
    void aKernelMayBeMuchLongerThanTheSignal() {
        float[] signal = {1, -2, 3, 4};
        double[] kernel = random.doubles(1 << 18, -9, 10).map(Math::floor).toArray();
        assertArrayEquals(
                floats(Signal.convolve(new double[] {1, -2, 3, 4}, kernel, Mode.FULL)),
                Signal.convolve(signal, floats(kernel), Mode.FULL));
        assertArrayEquals(
                floats(Signal.convolve(kernel, new double[] {1, -2, 3, 4}, Mode.FULL)),
                Signal.convolve(floats(kernel), signal, Mode.FULL));
    }

    @ParameterizedTest
    @EnumSource
    void integersFollowTheDefinitionExactly(Mode mode) {
        for (int height : new int[] {1, 3, 4}) {
            for (int width : new int[] {1, 2, 5}) {
                for (int kernelHeight : new int[] {1, 3, 4}) {
                    for (int kernelWidth : new int[] {1, 2, 5}) {
                        if (mode == Mode.VALID && (kernelHeight > height || kernelWidth > width)) {
                            continue;
                        }
                        double[][] f = array(height, width, x -> random.nextInt(19) - 9);
                        double[][] g = array(kernelHeight, kernelWidth, x -> random.nextInt(19) - 9);
                        double[][] convolution = part(fullConvolution(f, g), f, g, mode);
                        double[][] correlation = part(fullCorrelation(f, g), f, g, mode);
                        assertArrayEquals(convolution, Signal.convolve(f, g, mode));
                        assertArrayEquals(correlation, Signal.correlate(f, g, mode));
                        assertArrayEquals(floats(convolution), Signal.convolve(floats(f), floats(g), mode));
                        assertArrayEquals(floats(correlation), Signal.correlate(floats(f), floats(g), mode));
                        if (height == 1 && kernelHeight == 1) {
                            assertArrayEquals(convolution[0], Signal.convolve(f[0], g[0], mode));
                            assertArrayEquals(correlation[0], Signal.correlate(f[0], g[0], mode));
                            assertArrayEquals(
                                    floats(convolution[0]), Signal.convolve(floats(f[0]), floats(g[0]), mode));
                            assertArrayEquals(
                                    floats(correlation[0]), Signal.correlate(floats(f[0]), floats(g[0]), mode));
                        }
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void floatsStayWithinTheBoundOfTheirRounding(Mode mode) {
        double[][] f = singles(array(37, 41, x -> random.nextGaussian()));
        double[][] g = singles(array(6, 9, x -> random.nextGaussian()));
        double[][] sizes = part(fullConvolution(absolute(f), absolute(g)), f, g, mode);
        assertWithinBound(
                part(fullConvolution(f, g), f, g, mode), Signal.convolve(floats(f), floats(g), mode), sizes, 6 * 9);
        sizes = part(fullCorrelation(absolute(f), absolute(g)), f, g, mode);
        assertWithinBound(
                part(fullCorrelation(f, g), f, g, mode), Signal.correlate(floats(f), floats(g), mode), sizes, 6 * 9);
    }

    @Test
    void fullConvolutionCommutes() {
        for (int[] size : new int[][] {{1, 1, 1, 1}, {1, 8, 1, 3}, {5, 7, 2, 4}, {2, 9, 6, 3}}) {
            double[][] f = array(size[0], size[1], x -> random.nextInt(100));
            double[][] g = array(size[2], size[3], x -> random.nextInt(100));
            assertArrayEquals(Signal.convolve(f, g, Mode.FULL), Signal.convolve(g, f, Mode.FULL));
            assertArrayEquals(
                    Signal.convolve(floats(f), floats(g), Mode.FULL), Signal.convolve(floats(g), floats(f), Mode.FULL));
        }
    }

    @Test
    void fullCorrelationReadBackwardsIsThatOfTheArgumentsExchanged() {
        for (int[] size : new int[][] {{1, 1, 1, 1}, {1, 8, 1, 3}, {5, 7, 2, 4}, {2, 9, 6, 3}}) {
            double[][] f = array(size[0], size[1], x -> random.nextInt(100));
            double[][] g = array(size[2], size[3], x -> random.nextInt(100));
            assertArrayEquals(reversed(Signal.correlate(f, g, Mode.FULL)), Signal.correlate(g, f, Mode.FULL));
            assertArrayEquals(
                    floats(reversed(Signal.correlate(f, g, Mode.FULL))),
                    Signal.correlate(floats(g), floats(f), Mode.FULL));
        }
    }

    @Test
    void argumentsAreLeftAsTheyAre() {
        double[] f = F.clone();
        double[] g = {1, 2};
        Signal.convolve(f, g, Mode.FULL);
        Signal.correlate(f, g, Mode.FULL);
        Signal.deconvolve(f, g);
        assertArrayEquals(F, f);
        assertArrayEquals(new double[] {1, 2}, g);
    }

    @Test
    void deconvolutionUndoesConvolution() {
        for (int length = 1; length <= 9; length++) {
            for (int divisorLength = 1; divisorLength <= 9; divisorLength++) {
                double[] f = array(1, length, x -> random.nextInt(19) - 9)[0];
                double[] g = array(1, divisorLength, x -> random.nextInt(19) - 9)[0];
                g[0] = 1;
                Deconvolution found = Signal.deconvolve(Signal.convolve(f, g, Mode.FULL), g);
                assertArrayEquals(f, found.quotient());
                assertArrayEquals(new double[length + divisorLength - 1], found.remainder());
            }
        }
    }

    @Test
    void deconvolutionLeavesWhatTheDivisorDoesNotDivide() {
        Deconvolution found = Signal.deconvolve(new double[] {2, 4, 5}, new double[] {2, 1});
        assertArrayEquals(new double[] {1, 1.5}, found.quotient());
        assertArrayEquals(new double[] {0, 0, 3.5}, found.remainder());
    }

    @Test
    void aDivisorLongerThanTheSignalLeavesAllOfIt() {
        Deconvolution found = Signal.deconvolve(new double[] {1, 2, 3}, new double[] {1, 2, 3, 4});
        assertArrayEquals(new double[0], found.quotient());
        assertArrayEquals(new double[] {1, 2, 3}, found.remainder());
    }

    @Test
    void aDivisorThatBeginsWithZeroIsRefused() {
        assertRefused("divisor: expected a first element other than 0 but got 0.0", () -> Signal.deconvolve(F, G));
    }

    @Test
    void emptyArraysAreRefused() {
        double[] none = {};
        assertRefused("signal: expected at least one element but got none", () -> Signal.convolve(none, G, Mode.FULL));
        assertRefused("kernel: expected at least one element but got none", () -> Signal.correlate(F, none, Mode.SAME));
        assertRefused("signal: expected at least one element but got none", () -> Signal.deconvolve(none, G));
        assertRefused("divisor: expected at least one element but got none", () -> Signal.deconvolve(F, none));
        assertRefused(
                "signal: expected at least one element but got none",
                () -> Signal.convolve(new float[0][0], new float[1][1], Mode.FULL));
        assertRefused(
                "kernel: expected at least one element but got none",
                () -> Signal.convolve(new float[1][1], new float[3][0], Mode.FULL));
    }

    @Test
    void rowsOfDifferentLengthsAreRefused() {
        double[][] ragged = {{1, 2}, {3}};
        assertRefused(
                "signal: expected rows of 2 elements, as in the first, but got 1 in row 1",
                () -> Signal.convolve(ragged, new double[1][1], Mode.FULL));
        assertRefused(
                "kernel: expected rows of 2 elements, as in the first, but got 1 in row 1",
                () -> Signal.correlate(new double[5][5], ragged, Mode.FULL));
    }

    @Test
    void aKernelThatDoesNotFitOnTheSignalIsRefusedInModeValid() {
        assertRefused(
                "kernel: expected a length of at most 3, the signal's, in mode VALID but got 4",
                () -> Signal.convolve(F, new double[4], Mode.VALID));
        assertRefused(
                "kernel: expected a height of at most 2, the signal's, in mode VALID but got 3",
                () -> Signal.correlate(new float[2][9], new float[3][1], Mode.VALID));
    }

    @Test
    void imagesTooLargeForOneArrayAreRefused() {
        float[][] large = new float[50_000][];
        Arrays.fill(large, new float[50_000]);
        assertRefused(
                "signal: expected one that has at most 2147483639 elements, which an array can hold, but got"
                        + " 2500000000",
                () -> Signal.convolve(large, new float[1][1], Mode.FULL));
        assertRefused(
                "kernel: expected one that has at most 2147483639 elements, which an array can hold, but got"
                        + " 2500000000",
                () -> Signal.correlate(new float[1][1], large, Mode.FULL));
        float[][] tall = new float[50_000][1];
        assertRefused(
                "kernel: expected one whose result has at most 2147483639 elements, which an array can hold,"
                        + " but got 2500000000",
                () -> Signal.correlate(tall, new float[1][50_000], Mode.FULL));
    }

    @Test
    void nullIsNamed() {
        double[][] holed = {{1}, null};
        assertNamed("signal", () -> Signal.convolve((double[]) null, G, Mode.FULL));
        assertNamed("kernel", () -> Signal.correlate(new float[1], null, Mode.FULL));
        assertNamed("signal[1]", () -> Signal.convolve(holed, holed, Mode.FULL));
        assertNamed("mode", () -> Signal.convolve(F, G, null));
        assertNamed("signal", () -> Signal.deconvolve(null, G));
        assertNamed("divisor", () -> Signal.deconvolve(F, null));
        assertNamed("quotient", () -> new Deconvolution(null, F));
        assertNamed("remainder", () -> new Deconvolution(F, null));
    }

    /** (f * g)(t) = sum over tau of f(tau) g(t - tau) on both axes, for every t that is not 0 for certain. */
    private static double[][] fullConvolution(double[][] f, double[][] g) {
        double[][] result = new double[f.length + g.length - 1][f[0].length + g[0].length - 1];
        for (int y = 0; y < result.length; y++) {
            for (int x = 0; x < result[0].length; x++) {
                for (int j = 0; j < f.length; j++) {
                    for (int k = 0; k < f[0].length; k++) {
                        result[y][x] += f[j][k] * at(g, y - j, x - k);
                    }
                }
            }
        }
        return result;
    }

    /** The sum over tau of f(t + tau) g(tau) on both axes; t runs from minus the reach of g. */
    private static double[][] fullCorrelation(double[][] f, double[][] g) {
        double[][] result = new double[f.length + g.length - 1][f[0].length + g[0].length - 1];
        for (int y = 0; y < result.length; y++) {
            for (int x = 0; x < result[0].length; x++) {
                for (int j = 0; j < g.length; j++) {
                    for (int k = 0; k < g[0].length; k++) {
                        result[y][x] += at(f, y - (g.length - 1) + j, x - (g[0].length - 1) + k) * g[j][k];
                    }
                }
            }
        }
        return result;
    }

    private static double at(double[][] array, int y, int x) {
        return y >= 0 && y < array.length && x >= 0 && x < array[0].length ? array[y][x] : 0;
    }

    private static double[][] part(double[][] full, double[][] f, double[][] g, Mode mode) {
        int height = f.length;
        int width = f[0].length;
        int kernelHeight = g.length;
        int kernelWidth = g[0].length;
        return switch (mode) {
            case FULL -> full;
            case SAME -> cut(full, (kernelHeight - 1) / 2, height, (kernelWidth - 1) / 2, width);
            case VALID ->
                cut(full, kernelHeight - 1, height - kernelHeight + 1, kernelWidth - 1, width - kernelWidth + 1);
        };
    }

    private static double[][] cut(double[][] array, int top, int height, int left, int width) {
        return Arrays.stream(array, top, top + height)
                .map(row -> Arrays.copyOfRange(row, left, left + width))
                .toArray(double[][]::new);
    }

    private static double[][] array(int height, int width, DoubleUnaryOperator value) {
        return map(new double[height][width], value);
    }

    private static double[][] map(double[][] array, DoubleUnaryOperator value) {
        return Arrays.stream(array)
                .map(row -> Arrays.stream(row).map(value).toArray())
                .toArray(double[][]::new);
    }

    private static double[][] absolute(double[][] array) {
        return map(array, Math::abs);
    }

    private static double[][] singles(double[][] array) {
        return map(array, x -> (float) x);
    }

    private static double[][] reversed(double[][] array) {
        double[][] reversed = new double[array.length][array[0].length];
        for (int y = 0; y < reversed.length; y++) {
            for (int x = 0; x < reversed[0].length; x++) {
                reversed[y][x] = array[array.length - 1 - y][array[0].length - 1 - x];
            }
        }
        return reversed;
    }

    private static float[] floats(double[] array) {
        float[] floats = new float[array.length];
        for (int i = 0; i < array.length; i++) {
            floats[i] = (float) array[i];
        }
        return floats;
    }

    private static float[][] floats(double[][] array) {
        return Arrays.stream(array).map(SignalTest::floats).toArray(float[][]::new);
    }

    private static void assertWithinBound(double[][] expected, float[][] actual, double[][] sizes, int terms) {
        assertEquals(expected.length, actual.length);
        assertEquals(expected[0].length, actual[0].length);
        double factor = Math.ulp(1f) * Math.min(terms + 2, 8 + 4 * Math.sqrt(terms));
        for (int y = 0; y < expected.length; y++) {
            for (int x = 0; x < expected[0].length; x++) {
                double bound = factor * sizes[y][x] + terms * Float.MIN_VALUE;
                double error = Math.abs(expected[y][x] - actual[y][x]);
                assertTrue(error <= bound, "at " + y + ", " + x + ": error " + error + " above " + bound);
            }
        }
    }

    private static void assertRefused(String message, Runnable call) {
        assertEquals(
                message, assertThrows(IllegalArgumentException.class, call::run).getMessage());
    }

    private static void assertNamed(String name, Runnable call) {
        assertEquals(name, assertThrows(NullPointerException.class, call::run).getMessage());
    }
}
