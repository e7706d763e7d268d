package io.conv4j.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.conv4j.reference.Cases;
import io.conv4j.reference.ConvCase;
import io.conv4j.reference.Numbers;
import io.conv4j.spec.Axis;
import io.conv4j.spec.BiasMode;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Orientation;
import io.conv4j.spec.Padding;
import io.conv4j.spec.Shape;
import java.util.Arrays;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What convolutions are to each other, without the reference. All on integers, whose sums are exact in any order, so that
 * every identity holds to the last bit.
 */
class IdentityTest {
    private static final PlanOptions ONE_THREAD =
            PlanOptions.builder().threads(1).build();

    static Stream<ConvCase> convolutions() {
        return Cases.convolutions().stream();
    }

    static Stream<ConvCase> transposed() {
        return Cases.transposed().stream();
    }

    private static ArrayPlan plan(ConvSpec spec, Shape source) {
        return new ArrayPlan(ConvPlan.create(spec, source, ONE_THREAD));
    }

    private static ArrayPlan transposedPlan(ConvSpec spec, Shape source) {
        return new ArrayPlan(TransposedConvPlan.create(spec, source, ONE_THREAD));
    }

    private static ConvSpec unbiased(ConvSpec spec) {
        return ConvCase.copy(spec).bias(BiasMode.NONE).build();
    }

    private static float[] source(ArrayPlan plan) {
        return Numbers.INTEGERS.fill(plan.plan().sourceShape(), 1);
    }

    private static float[] weights(ArrayPlan plan) {
        return Numbers.INTEGERS.fill(plan.plan().weightsShape(), 2);
    }

    private static float[] outputGradient(ArrayPlan plan) {
        return Numbers.INTEGERS.fill(plan.plan().outputShape(), 4);
    }

    private static double dot(float[] a, float[] b) {
        assertEquals(a.length, b.length);
        return IntStream.range(0, a.length)
                .mapToDouble(i -> (double) a[i] * b[i])
                .sum();
    }

    /** Equal as numbers: where the two differ by terms of 0, one may be -0. */
    private static void assertSame(float[] expected, float[] actual) {
        assertArrayEquals(expected, actual, 0);
    }

    @ParameterizedTest
    @MethodSource("convolutions")
    void thePassesOfAConvolutionAreAdjoint(ConvCase c) {
        try (ArrayPlan plan = plan(unbiased(c.spec()), c.source())) {
            assertAdjoint(plan);
        }
    }

    @ParameterizedTest
    @MethodSource("transposed")
    void thePassesOfATransposedConvolutionAreAdjoint(ConvCase c) {
        try (ArrayPlan plan = transposedPlan(unbiased(c.spec()), c.source())) {
            assertAdjoint(plan);
        }
    }

    /** The output is linear in the source and in the weights, so that these are one number. */
    private static void assertAdjoint(ArrayPlan plan) {
        float[] x = source(plan);
        float[] w = weights(plan);
        float[] dy = outputGradient(plan);
        double expected = dot(plan.forward(x, w), dy);
        assertEquals(expected, dot(x, plan.backwardData(dy, w)));
        assertEquals(expected, dot(w, plan.backwardWeights(x, dy)));
    }

    @ParameterizedTest
    @MethodSource("convolutions")
    void aTransposedConvolutionIsAConvolutionInAMirror(ConvCase c) {
        ConvCase mirror = c.mirror();
        try (ArrayPlan plan = plan(unbiased(c.spec()), c.source());
                ArrayPlan transposed = transposedPlan(mirror.spec(), mirror.source())) {
            float[] x = source(plan);
            float[] w = weights(plan);
            float[] dy = outputGradient(plan);
            assertSame(plan.forward(x, w), transposed.backwardData(x, w));
            assertSame(plan.backwardData(dy, w), transposed.forward(dy, w));
            assertSame(plan.backwardWeights(x, dy), transposed.backwardWeights(dy, x));
        }
    }

    static Stream<ConvCase> smallConvolutions() {
        return convolutions().filter(c -> c.geometry().weightsShape().elements() <= 160);
    }

    static Stream<ConvCase> smallTransposed() {
        return transposed().filter(c -> c.transposedGeometry().weightsShape().elements() <= 160);
    }

    @ParameterizedTest
    @MethodSource("smallConvolutions")
    void gradientsOfAConvolutionAreItsDifferenceQuotients(ConvCase c) {
        try (ArrayPlan plan = plan(c.spec(), c.source())) {
            assertGradients(plan);
        }
    }

    @ParameterizedTest
    @MethodSource("smallTransposed")
    void gradientsOfATransposedConvolutionAreItsDifferenceQuotients(ConvCase c) {
        try (ArrayPlan plan = transposedPlan(c.spec(), c.source())) {
            assertGradients(plan);
        }
    }

    private static void assertGradients(ArrayPlan plan) {
        float[] x = source(plan);
        float[] w = weights(plan);
        float[] dy = outputGradient(plan);
        boolean biased = plan.plan().spec().bias() != BiasMode.NONE;
        float[] b = biased ? Numbers.INTEGERS.fill(plan.plan().biasShape(), 3) : null;
        assertSame(quotients(x, changed -> dot(plan.forward(changed, w, b), dy)), plan.backwardData(dy, w));
        assertSame(quotients(w, changed -> dot(plan.forward(x, changed, b), dy)), plan.backwardWeights(x, dy));
        if (biased) {
            assertSame(quotients(b, changed -> dot(plan.forward(x, w, changed), dy)), plan.backwardBias(dy));
        }
    }

    /** With a step of 1: the loss is linear in each argument, so that any step gives the derivative, and this one exactly. */
    private static float[] quotients(float[] at, ToDoubleFunction<float[]> loss) {
        float[] quotients = new float[at.length];
        double base = loss.applyAsDouble(at);
        for (int i = 0; i < at.length; i++) {
            float[] changed = at.clone();
            changed[i]++;
            quotients[i] = (float) (loss.applyAsDouble(changed) - base);
        }
        return quotients;
    }

    @ParameterizedTest
    @MethodSource("convolutions")
    void trueConvolutionIsCorrelationWithTheKernelFlipped(ConvCase c) {
        ConvSpec spec = unbiased(c.spec());
        try (ArrayPlan plan = plan(spec, c.source());
                ArrayPlan flipped = plan(flipped(spec), c.source())) {
            assertFlipped(plan, flipped);
        }
    }

    @ParameterizedTest
    @MethodSource("transposed")
    void transposedTrueConvolutionIsTransposedCorrelationWithTheKernelFlipped(ConvCase c) {
        ConvSpec spec = unbiased(c.spec());
        try (ArrayPlan plan = transposedPlan(spec, c.source());
                ArrayPlan flipped = transposedPlan(flipped(spec), c.source())) {
            assertFlipped(plan, flipped);
        }
    }

    private static ConvSpec flipped(ConvSpec spec) {
        Orientation other =
                spec.orientation() == Orientation.CONVOLUTION ? Orientation.CROSS_CORRELATION : Orientation.CONVOLUTION;
        return ConvCase.copy(spec).orientation(other).build();
    }

    private static void assertFlipped(ArrayPlan plan, ArrayPlan other) {
        int taps = taps(plan.plan().spec());
        float[] x = source(plan);
        float[] w = weights(plan);
        float[] dy = outputGradient(plan);
        assertSame(plan.forward(x, w), other.forward(x, reversed(w, taps)));
        assertSame(plan.backwardData(dy, w), other.backwardData(dy, reversed(w, taps)));
        assertSame(plan.backwardWeights(x, dy), reversed(other.backwardWeights(x, dy), taps));
    }

    private static int taps(ConvSpec spec) {
        long taps = 1;
        for (int i = 0; i < spec.axes(); i++) {
            taps *= spec.kernel(i);
        }
        return Math.toIntExact(taps);
    }

    /** Each run of so many elements backwards, which flips kernels on all axes. */
    private static float[] reversed(float[] values, int run) {
        float[] reversed = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            reversed[i / run * run + run - 1 - i % run] = values[i];
        }
        return reversed;
    }

    static Stream<ConvCase> dilated() {
        return convolutions()
                .filter(c -> c.geometry().axes().stream().anyMatch(axis -> axis.dilation() > 1 && axis.kernel() > 1));
    }

    @ParameterizedTest
    @MethodSource("dilated")
    void aDilatedKernelIsOneStuffedWithZeros(ConvCase c) {
        ConvSpec spec = unbiased(c.spec());
        Axis[] axes = c.geometry().axes().toArray(new Axis[0]);
        long[] spans = new long[axes.length];
        long[] padding = new long[2 * axes.length];
        for (int i = 0; i < axes.length; i++) {
            spans[i] = axes[i].dilation() * (axes[i].kernel() - 1) + 1;
            padding[2 * i] = axes[i].padBegin();
            padding[2 * i + 1] = axes[i].padEnd();
        }
        ConvSpec stuffed = ConvCase.copy(spec)
                .kernel(spans)
                .dilation(1)
                .padding(Padding.explicit(padding))
                .build();
        try (ArrayPlan plan = plan(spec, c.source());
                ArrayPlan other = plan(stuffed, c.source())) {
            float[] x = source(plan);
            float[] w = weights(plan);
            float[] dy = outputGradient(plan);
            float[] stuffedWeights = new float[(int) other.plan().weightsShape().elements()];
            for (int i = 0; i < w.length; i++) {
                stuffedWeights[stuffedIndex(i, axes, spans)] = w[i];
            }
            assertSame(plan.forward(x, w), other.forward(x, stuffedWeights));
            assertSame(plan.backwardData(dy, w), other.backwardData(dy, stuffedWeights));
            float[] gradient = plan.backwardWeights(x, dy);
            float[] stuffedGradient = other.backwardWeights(x, dy);
            for (int i = 0; i < w.length; i++) {
                assertEquals(gradient[i], stuffedGradient[stuffedIndex(i, axes, spans)]);
            }
        }
    }

    private static int stuffedIndex(int index, Axis[] axes, long[] spans) {
        long stuffed = 0;
        long run = 1;
        long rest = index;
        for (int i = axes.length - 1; i >= 0; i--) {
            stuffed += rest % axes[i].kernel() * axes[i].dilation() * run;
            rest /= axes[i].kernel();
            run *= spans[i];
        }
        return Math.toIntExact(stuffed + rest * run);
    }

    static Stream<ConvCase> grouped() {
        return convolutions().filter(c -> c.spec().groups() > 1);
    }

    @ParameterizedTest
    @MethodSource("grouped")
    void groupsAreConvolutionsOfTheirOwn(ConvCase c) {
        long groups = c.spec().groups();
        ConvSpec whole = unbiased(c.spec());
        ConvSpec single = ConvCase.copy(whole, whole.inChannels() / groups, whole.outChannels() / groups)
                .groups(1)
                .build();
        try (ArrayPlan plan = plan(whole, c.source());
                ArrayPlan part = plan(single, c.source().with(1, single.inChannels()))) {
            float[] x = source(plan);
            float[] w = weights(plan);
            float[] dy = outputGradient(plan);
            float[] y = plan.forward(x, w);
            float[] dx = plan.backwardData(dy, w);
            float[] dw = plan.backwardWeights(x, dy);
            int n = (int) c.source().size(0);
            for (int g = 0; g < groups; g++) {
                float[] groupX = group(x, n, groups, g);
                float[] groupW = group(w, 1, groups, g);
                float[] groupDy = group(dy, n, groups, g);
                assertSame(group(y, n, groups, g), part.forward(groupX, groupW));
                assertSame(group(dx, n, groups, g), part.backwardData(groupDy, groupW));
                assertSame(group(dw, 1, groups, g), part.backwardWeights(groupX, groupDy));
            }
        }
    }

    /** One group's share of every image. */
    private static float[] group(float[] values, int images, long groups, int group) {
        int image = values.length / images;
        int share = Math.toIntExact(image / groups);
        float[] part = new float[images * share];
        for (int n = 0; n < images; n++) {
            System.arraycopy(values, n * image + group * share, part, n * share, share);
        }
        return part;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void theGradientOfTheSourceIsAFullConvolutionWithTheFlippedKernel(int axes) {
        long[] kernel = {2, 3, 4};
        ConvSpec spec = ConvSpec.builder(3, 5)
                .kernel(Arrays.copyOf(kernel, axes))
                .dilation(2)
                .build();
        ConvSpec back = ConvCase.copy(spec, 5, 3)
                .padding(Padding.full())
                .orientation(Orientation.CONVOLUTION)
                .build();
        long[] source = {2, 3, 8, 9, 10};
        try (ArrayPlan plan = plan(spec, Shape.of(Arrays.copyOf(source, 2 + axes)));
                ArrayPlan full = plan(back, plan.plan().outputShape())) {
            float[] w = weights(plan);
            float[] dy = outputGradient(plan);
            assertSame(plan.backwardData(dy, w), full.forward(dy, channelsSwapped(w, 5, 3)));
        }
    }

    private static float[] channelsSwapped(float[] weights, int out, int in) {
        int taps = weights.length / out / in;
        float[] swapped = new float[weights.length];
        for (int i = 0; i < weights.length; i++) {
            int o = i / taps / in;
            int c = i / taps % in;
            swapped[(c * out + o) * taps + i % taps] = weights[i];
        }
        return swapped;
    }

    /** f and g as source and kernel of one channel, every overlap computed. */
    private static float[] full(float[] f, Shape fSizes, float[] g, Shape gSizes, Orientation orientation) {
        ConvSpec spec = ConvSpec.builder(1, 1)
                .kernel(gSizes.toArray())
                .padding(Padding.full())
                .orientation(orientation)
                .build();
        long[] source = new long[2 + fSizes.rank()];
        source[0] = 1;
        source[1] = 1;
        System.arraycopy(fSizes.toArray(), 0, source, 2, fSizes.rank());
        try (ArrayPlan plan = plan(spec, Shape.of(source))) {
            return plan.forward(f, g);
        }
    }

    private static void assertCommutes(Shape fSizes, Shape gSizes) {
        float[] f = Numbers.INTEGERS.fill(fSizes, 1);
        float[] g = Numbers.INTEGERS.fill(gSizes, 2);
        assertSame(
                full(f, fSizes, g, gSizes, Orientation.CONVOLUTION),
                full(g, gSizes, f, fSizes, Orientation.CONVOLUTION));
        float[] correlation = full(f, fSizes, g, gSizes, Orientation.CROSS_CORRELATION);
        float[] exchanged = full(g, gSizes, f, fSizes, Orientation.CROSS_CORRELATION);
        assertSame(correlation, reversed(exchanged, exchanged.length));
    }

    @Test
    void trueConvolutionCommutesAndCorrelationComesOutReversed() {
        assertCommutes(Shape.of(9), Shape.of(4));
        assertCommutes(Shape.of(6, 7), Shape.of(3, 2));
        assertCommutes(Shape.of(4, 3, 5), Shape.of(2, 3, 2));
    }
}
