package io.conv4j.spec;

import java.util.Arrays;
import java.util.Locale;

/**
 * How many zeros are laid around the source (the chapter's section 4). Immutable.
 *
 * <p>With e = dilation * (k - 1), for a convolution and for a transposed layer of the same kernel:
 *
 * <table class="striped">
 * <caption>Padding of one axis</caption>
 * <thead><tr><th>rule</th><th>convolution: begin, end</th><th>transposed: begin, end</th></tr></thead>
 * <tbody>
 * <tr><td>{@link #valid()}</td><td>0, 0</td><td>0, 0</td></tr>
 * <tr><td>{@link #same()}</td><td>e / 2 on both sides, odd kernels only</td><td>the same</td></tr>
 * <tr><td>{@link #sameUpper()}, {@link #sameLower()}</td>
 * <td>output ceil(in / stride): max((out - 1) * stride + e + 1 - in, 0) in all, the odd one at the end / beginning</td>
 * <td>output in * stride: max(e + 1 - stride, 0) in all, the odd one at the end / beginning; output padding is
 * max(stride - e - 1, 0)</td></tr>
 * <tr><td>{@link #full()}</td><td>e on both sides</td><td>the same</td></tr>
 * <tr><td>{@link #explicit(long...)}</td><td>as given</td><td>as given</td></tr>
 * </tbody>
 * </table>
 */
public final class Padding {
    private enum Rule {
        VALID,
        SAME,
        SAME_UPPER,
        SAME_LOWER,
        FULL,
        EXPLICIT
    }

    private static final Padding VALID = new Padding(Rule.VALID);
    private static final Padding SAME = new Padding(Rule.SAME);
    private static final Padding SAME_UPPER = new Padding(Rule.SAME_UPPER);
    private static final Padding SAME_LOWER = new Padding(Rule.SAME_LOWER);
    private static final Padding FULL = new Padding(Rule.FULL);

    private final Rule rule;
    private final long[] pairs;

    private Padding(Rule rule, long... pairs) {
        this.rule = rule;
        this.pairs = pairs;
    }

    /** The padding of one axis in elements; {@code outputPadding} is what a transposed layer's rule implies. */
    record Amounts(long begin, long end, long outputPadding) {}

    /**
     * No padding: the kernel stays inside the source.
     *
     * @return the rule
     */
    public static Padding valid() {
        return VALID;
    }

    /**
     * Half of the kernel's reach on both sides, which at stride 1 keeps the size. As in the chapter it takes odd kernels
     * only; {@link #sameUpper()} and {@link #sameLower()} take any.
     *
     * @return the rule
     */
    public static Padding same() {
        return SAME;
    }

    /**
     * Output size ceil(in / stride) (transposed: in * stride), an odd zero at the end, as TensorFlow's SAME does.
     *
     * @return the rule
     */
    public static Padding sameUpper() {
        return SAME_UPPER;
    }

    /**
     * Output size ceil(in / stride) (transposed: in * stride), an odd zero at the beginning.
     *
     * @return the rule
     */
    public static Padding sameLower() {
        return SAME_LOWER;
    }

    /**
     * The kernel's whole reach on both sides: every overlap of kernel and source is computed.
     *
     * @return the rule
     */
    public static Padding full() {
        return FULL;
    }

    /**
     * Padding in elements, given side by side for each axis: {@code explicit(pt, pb, pl, pr)} in two dimensions.
     *
     * @param beginEndPairs begin and end of each axis in the order depth, height, width; none below 0
     * @return the rule
     * @throws NullPointerException if {@code beginEndPairs} is null
     * @throws IllegalArgumentException if there are not 2, 4 or 6 values, or one is negative
     */
    public static Padding explicit(long... beginEndPairs) {
        if (beginEndPairs == null) {
            throw new NullPointerException("beginEndPairs");
        }
        int count = beginEndPairs.length;
        if (count == 0
                || count > 6
                || count % 2 != 0
                || Arrays.stream(beginEndPairs).anyMatch(amount -> amount < 0)) {
            throw new IllegalArgumentException(
                    "beginEndPairs: expected begin and end, none below 0, for each of 1 to 3 axes but got "
                            + Arrays.toString(beginEndPairs));
        }
        return new Padding(Rule.EXPLICIT, beginEndPairs.clone());
    }

    /** Whether a convolution of this many axes can have this padding. */
    boolean fits(int rank) {
        return rule != Rule.EXPLICIT || pairs.length == 2 * rank;
    }

    /** Whether the rule itself settles a transposed layer's output padding. */
    boolean impliesOutputPadding() {
        return rule == Rule.SAME_UPPER || rule == Rule.SAME_LOWER;
    }

    /** The padding of a convolution's axis. */
    Amounts ofConvolution(int axis, long input, long kernel, long stride, long dilation) {
        if (!impliesOutputPadding()) {
            return fixed(axis, kernel, dilation);
        }
        long output = (input - 1) / stride + 1;
        long reach = Math.multiplyExact(dilation, kernel - 1);
        long last = Math.multiplyExact(output - 1, stride);
        return split(Math.max(Math.addExact(last - input + 1, reach), 0), 0);
    }

    /** The padding of a transposed layer's axis. */
    Amounts ofTransposed(int axis, long kernel, long stride, long dilation) {
        if (!impliesOutputPadding()) {
            return fixed(axis, kernel, dilation);
        }
        long surplus = stride - 1 - Math.multiplyExact(dilation, kernel - 1);
        return split(Math.max(-surplus, 0), Math.max(surplus, 0));
    }

    private Amounts fixed(int axis, long kernel, long dilation) {
        long reach = Math.multiplyExact(dilation, kernel - 1);
        return switch (rule) {
            case VALID -> new Amounts(0, 0, 0);
            case FULL -> new Amounts(reach, reach, 0);
            case EXPLICIT -> new Amounts(pairs[2 * axis], pairs[2 * axis + 1], 0);
            case SAME -> {
                if (kernel % 2 == 0) {
                    throw new IllegalArgumentException("padding: same() expected odd kernel sizes but got " + kernel
                            + " on axis " + axis + "; sameUpper() and sameLower() take even ones");
                }
                yield new Amounts(reach / 2, reach / 2, 0);
            }
            case SAME_UPPER, SAME_LOWER -> throw new AssertionError(rule);
        };
    }

    private Amounts split(long total, long outputPadding) {
        long half = total / 2;
        return rule == Rule.SAME_UPPER
                ? new Amounts(half, total - half, outputPadding)
                : new Amounts(total - half, half, outputPadding);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Padding padding && rule == padding.rule && Arrays.equals(pairs, padding.pairs);
    }

    @Override
    public int hashCode() {
        return 31 * rule.hashCode() + Arrays.hashCode(pairs);
    }

    /** Such as {@code same_upper} or {@code [1, 1, 2, 2]}. */
    @Override
    public String toString() {
        return rule == Rule.EXPLICIT ? Arrays.toString(pairs) : rule.name().toLowerCase(Locale.ROOT);
    }
}
