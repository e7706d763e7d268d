package io.conv4j.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import io.conv4j.spec.Shape;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;

/**
 * What a pass should compute, and how far each element may be from it: a sum of K terms with S the sum of their absolute
 * values is off by at most about K + 2 roundings of S, and by about the square root of K of them when they fall either
 * way; a term below the smallest float may be lost.
 */
public final class Expected {
    private static final double EPSILON = 0x1p-23;

    private final Shape shape;
    private final double[] values;
    private final double[] magnitudes;
    private final int[] terms;

    Expected(Shape shape) {
        this(
                shape,
                new double[(int) shape.elements()],
                new double[(int) shape.elements()],
                new int[(int) shape.elements()]);
    }

    private Expected(Shape shape, double[] values, double[] magnitudes, int[] terms) {
        this.shape = shape;
        this.values = values;
        this.magnitudes = magnitudes;
        this.terms = terms;
    }

    /** Adds products of elements of two operands, each counted from a first one of its own. */
    void add(int first, int[] elements, float[] a, int firstA, int[] ofA, float[] b, int firstB, int[] ofB) {
        for (int i = 0; i < elements.length; i++) {
            add(first + elements[i], (double) a[firstA + ofA[i]] * b[firstB + ofB[i]]);
        }
    }

    void add(int element, double operand) {
        values[element] += operand;
        magnitudes[element] += Math.abs(operand);
        terms[element]++;
    }

    /** What is expected where the pass adds to these values. */
    public Expected plus(float[] previous) {
        assertEquals(values.length, previous.length);
        Expected sum = new Expected(shape, values.clone(), magnitudes.clone(), terms.clone());
        for (int i = 0; i < previous.length; i++) {
            sum.add(i, previous[i]);
        }
        return sum;
    }

    public Shape shape() {
        return shape;
    }

    public double[] values() {
        return values.clone();
    }

    double tolerance(int element) {
        double k = terms[element];
        return EPSILON * Math.min(k + 2, 8 + 4 * Math.sqrt(k)) * magnitudes[element] + k * 0x1p-149;
    }

    /** Fails for an element further off than its own tolerance. */
    public void check(String what, float[] actual) {
        assertEquals(values.length, actual.length, what);
        for (int i = 0; i < actual.length; i++) {
            if (!isClose(actual[i], i)) {
                fail(what + " " + describe(i) + " but got " + actual[i] + ", off by " + (actual[i] - values[i]));
            }
        }
    }

    /**
     * Fails for an element further off than a function of the exact value may be: the function's steepest slope times the
     * tolerance of its argument, and its own error, relative to its value and to its argument.
     */
    public void checkMapped(
            String what, float[] actual, DoubleUnaryOperator f, double steepest, double ofValue, double ofArgument) {
        assertEquals(values.length, actual.length, what);
        for (int i = 0; i < actual.length; i++) {
            double expected = f.applyAsDouble(values[i]);
            double most = steepest * tolerance(i)
                    + ofValue * Math.abs(expected)
                    + ofArgument * Math.abs(values[i])
                    + Float.MIN_NORMAL;
            boolean close = Double.isFinite(values[i])
                    ? Math.abs(actual[i] - expected) <= most
                    : Double.isNaN(values[i]) == Float.isNaN(actual[i]);
            if (!close) {
                fail(what + " " + describe(i) + ", mapped to " + expected + " +- " + most + " but got " + actual[i]);
            }
        }
    }

    /** NaN and the infinities are close to themselves alone. */
    private boolean isClose(double actual, int element) {
        double expected = values[element];
        return Double.isFinite(expected)
                ? Math.abs(actual - expected) <= tolerance(element)
                : Double.compare(actual, expected) == 0;
    }

    /** Fails for an element that is not this very float; for terms whose sums are exact in any order. */
    public void checkExact(String what, float[] actual) {
        assertEquals(values.length, actual.length, what);
        for (int i = 0; i < actual.length; i++) {
            if ((float) values[i] != values[i]) {
                throw new AssertionError(what + ": " + values[i] + " is no float; choose smaller numbers");
            }
            if (Float.floatToIntBits(actual[i]) != Float.floatToIntBits((float) values[i])) {
                fail(what + " " + describe(i) + " exactly but got " + actual[i]);
            }
        }
    }

    private String describe(int element) {
        long[] index = shape.toArray();
        int rest = element;
        for (int d = index.length - 1; d >= 0; d--) {
            long size = index[d];
            index[d] = rest % size;
            rest /= (int) size;
        }
        return Arrays.toString(index) + " of " + shape + ": expected " + values[element] + " +- " + tolerance(element)
                + " (" + terms[element] + " terms)";
    }
}
