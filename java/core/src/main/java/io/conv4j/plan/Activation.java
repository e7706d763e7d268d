package io.conv4j.plan;

import java.util.Locale;

/**
 * A function of each element, applied to the result of a forward pass. A value. NaN stays NaN.
 *
 * <p>Backward passes take the gradient at the point before it: whoever trains multiplies the output's gradient by the
 * derivative first, which for all but {@link #GELU} follows from the output y.
 */
public final class Activation {
    /** None: x. */
    public static final Activation NONE = new Activation(0, 0);

    /** max(x, 0); derivative 1 where y &gt; 0, else 0. */
    public static final Activation RELU = new Activation(1, 0);

    /** 1 / (1 + e^-x), within 4 roundings; derivative y (1 - y). */
    public static final Activation SIGMOID = new Activation(3, 0);

    /** The hyperbolic tangent, within 4 roundings; derivative 1 - y^2. */
    public static final Activation TANH = new Activation(4, 0);

    /** x (1 + erf(x / sqrt 2)) / 2, within 5e-7 |x|. */
    public static final Activation GELU = new Activation(5, 0);

    private static final int LEAKY_RELU = 2;
    private static final String[] NAMES = {"none", "relu", "leaky_relu", "sigmoid", "tanh", "gelu"};

    /** As in conv4j.h. */
    final int kind;

    final float slope;

    private Activation(int kind, float slope) {
        this.kind = kind;
        this.slope = slope;
    }

    /**
     * x where x &gt; 0, else slope x; derivative 1 where y &gt; 0, else slope. Slope 0 is {@link #RELU}'s function: of
     * -infinity, too, it is 0.
     *
     * @param slope at least 0
     * @return the activation
     * @throws IllegalArgumentException if {@code slope} is negative, infinite or NaN
     */
    public static Activation leakyRelu(float slope) {
        if (!(slope >= 0 && slope < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("slope: expected at least 0 and finite but got " + slope);
        }
        return new Activation(LEAKY_RELU, slope + 0.0f); // -0 becomes 0
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Activation activation
                && kind == activation.kind
                && Float.compare(slope, activation.slope) == 0;
    }

    @Override
    public int hashCode() {
        return 31 * kind + Float.hashCode(slope);
    }

    /** Such as {@code leaky_relu 0.1}. */
    @Override
    public String toString() {
        return NAMES[kind] + (kind == LEAKY_RELU ? String.format(Locale.ROOT, " %s", slope) : "");
    }
}
