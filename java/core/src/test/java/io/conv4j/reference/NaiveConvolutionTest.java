package io.conv4j.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.conv4j.spec.BiasMode;
import io.conv4j.spec.ConvGeometry;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Orientation;
import io.conv4j.spec.Padding;
import io.conv4j.spec.Shape;
import io.conv4j.spec.Sharing;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The reference against numbers worked out by hand, and against itself where two sharings must agree. */
class NaiveConvolutionTest {
    private static ConvSpec.Builder layer(long... kernel) {
        return ConvSpec.builder(1, 1).kernel(kernel);
    }

    private static NaiveConvolution over(ConvSpec.Builder layer, long... source) {
        return new NaiveConvolution(ConvGeometry.of(layer.build(), Shape.of(source)));
    }

    private static NaiveConvolution transposed(ConvSpec.Builder layer, long... source) {
        return new NaiveConvolution(ConvGeometry.ofTransposed(layer.build(), Shape.of(source)));
    }

    private static float[] floats(double... values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    private static void assertForward(NaiveConvolution layer, float[] source, float[] weights, double... expected) {
        assertArrayEquals(expected, layer.forward(source, weights, null).values());
    }

    @Test
    void slidesTheKernelOverTheSource() {
        float[] x = floats(1, 2, 3, 4);
        float[] w = floats(1, 10);
        assertForward(over(layer(2), 1, 1, 4), x, w, 21, 32, 43);
        assertForward(over(layer(2).orientation(Orientation.CONVOLUTION), 1, 1, 4), x, w, 12, 23, 34);
        assertForward(over(layer(2).stride(2), 1, 1, 4), x, w, 21, 43);
        assertForward(over(layer(2).dilation(2), 1, 1, 4), x, w, 31, 42);
        assertForward(over(layer(2).padding(Padding.explicit(1, 2)), 1, 1, 4), x, w, 10, 21, 32, 43, 4, 0);
    }

    @Test
    void sumsTheInputChannelsOfOneGroup() {
        float[] x = floats(1, 2, 10, 20);
        assertForward(over(ConvSpec.builder(2, 2).kernel(1), 1, 2, 2), x, floats(1, 2, 3, 4), 21, 42, 43, 86);
        assertForward(over(ConvSpec.depthwise(2).kernel(1), 1, 2, 2), x, floats(3, 4), 3, 6, 40, 80);
    }

    @Test
    void keepsHeightAndWidthApart() {
        float[] x = floats(1, 2, 3, 4, 5, 6);
        assertForward(over(layer(1, 2), 1, 1, 2, 3), x, floats(1, 10), 21, 32, 54, 65);
        assertForward(over(layer(2, 1), 1, 1, 2, 3), x, floats(1, 10), 41, 52, 63);
    }

    @Test
    void scattersTheGradientOfTheSource() {
        Expected gradient = over(layer(2), 1, 1, 4).backwardData(floats(1, 10, 100), floats(1, 2));
        assertArrayEquals(new double[] {1, 12, 120, 200}, gradient.values());
    }

    @Test
    void correlatesForTheGradientOfTheWeights() {
        Expected gradient = over(layer(2), 1, 1, 4).backwardWeights(floats(1, 2, 3, 4), floats(1, 10, 100));
        assertArrayEquals(new double[] {321, 432}, gradient.values());
        Expected flipped = over(layer(2).orientation(Orientation.CONVOLUTION), 1, 1, 4)
                .backwardWeights(floats(1, 2, 3, 4), floats(1, 10, 100));
        assertArrayEquals(new double[] {432, 321}, flipped.values());
    }

    @Test
    void everyPositionUsesTheKernelThatItsSharingNames() {
        float[] x = floats(1, 2, 3, 4, 5);
        assertForward(over(layer(1).sharing(Sharing.tiled(2)), 1, 1, 5), x, floats(1, 10), 1, 20, 3, 40, 5);
        assertForward(over(layer(1).sharing(Sharing.local()), 1, 1, 5), x, floats(1, 2, 3, 4, 5), 1, 4, 9, 16, 25);
        assertForward(over(layer(1).sharing(Sharing.blocks(2)), 1, 1, 5), x, floats(1, 10, 100), 1, 2, 30, 40, 500);
    }

    @Test
    void kernelsOfSeveralAxesLieInLogicalOrder() {
        float[] ones = floats(1, 1, 1, 1, 1, 1);
        float[] kernels = floats(0, 1, 2, 3, 4, 5);
        assertForward(over(layer(1, 1).sharing(Sharing.tiled(2, 3)), 1, 1, 2, 3), ones, kernels, 0, 1, 2, 3, 4, 5);
        assertForward(over(layer(1, 1).sharing(Sharing.local()), 1, 1, 2, 3), ones, kernels, 0, 1, 2, 3, 4, 5);
    }

    @Test
    void unusedKernelsHaveGradientZero() {
        Expected gradient =
                over(layer(1).sharing(Sharing.tiled(4)), 1, 1, 3).backwardWeights(floats(1, 2, 3), floats(1, 1, 1));
        assertArrayEquals(new double[] {1, 2, 3, 0}, gradient.values());
    }

    @Test
    void biasesGoToTheirPositions() {
        float[] zeros = new float[8];
        ConvSpec.Builder tiled = ConvSpec.builder(1, 2).kernel(1, 1).sharing(Sharing.tiled(1, 2));
        NaiveConvolution channel = over(tiled.bias(BiasMode.CHANNEL), 1, 1, 1, 4);
        assertArrayEquals(
                new double[] {1, 1, 1, 1, 2, 2, 2, 2},
                channel.forward(floats(0, 0, 0, 0), zeros, floats(1, 2)).values());
        NaiveConvolution kernel = over(tiled.bias(BiasMode.KERNEL), 1, 1, 1, 4);
        assertArrayEquals(
                new double[] {1, 2, 1, 2, 3, 4, 3, 4},
                kernel.forward(floats(0, 0, 0, 0), zeros, floats(1, 2, 3, 4)).values());
        NaiveConvolution position = over(tiled.bias(BiasMode.POSITION), 1, 1, 1, 4);
        assertArrayEquals(
                new double[] {1, 2, 3, 4, 5, 6, 7, 8},
                position.forward(floats(0, 0, 0, 0), zeros, floats(1, 2, 3, 4, 5, 6, 7, 8))
                        .values());
    }

    @Test
    void theGradientOfABiasSumsWhatSharesIt() {
        float[] gradient = floats(1, 10, 100, 1000, 2, 20, 200, 2000);
        ConvSpec.Builder layer = layer(1).sharing(Sharing.blocks(3));
        assertArrayEquals(
                new double[] {3333},
                over(layer.bias(BiasMode.CHANNEL), 2, 1, 4)
                        .backwardBias(gradient)
                        .values());
        assertArrayEquals(
                new double[] {333, 3000},
                over(layer.bias(BiasMode.KERNEL), 2, 1, 4)
                        .backwardBias(gradient)
                        .values());
        assertArrayEquals(
                new double[] {3, 30, 300, 3000},
                over(layer.bias(BiasMode.POSITION), 2, 1, 4)
                        .backwardBias(gradient)
                        .values());
    }

    @Test
    void transposedLayersScatterTheirSource() {
        assertForward(transposed(layer(3).stride(2), 1, 1, 2), floats(1, 10), floats(1, 2, 3), 1, 2, 13, 20, 30);
        NaiveConvolution pastTheLastTap =
                transposed(layer(2).dilation(2).outputPadding(1).bias(BiasMode.CHANNEL), 1, 1, 1);
        assertArrayEquals(
                new double[] {12, 7, 17, 7},
                pastTheLastTap.forward(floats(5), floats(1, 2), floats(7)).values());
        assertArrayEquals(
                new double[] {1 + 200},
                pastTheLastTap
                        .backwardData(floats(1, 10, 100, 1000), floats(1, 2))
                        .values());
        assertArrayEquals(
                new double[] {5, 500},
                pastTheLastTap
                        .backwardWeights(floats(5), floats(1, 10, 100, 1000))
                        .values());
        assertArrayEquals(
                new double[] {1111},
                pastTheLastTap.backwardBias(floats(1, 10, 100, 1000)).values());
    }

    @Test
    void transposedChannelsAreTheLayersOwn() {
        NaiveConvolution layer = transposed(ConvSpec.builder(2, 3).kernel(1), 1, 2, 1);
        assertForward(layer, floats(1, 10), floats(1, 2, 3, 4, 5, 6), 41, 52, 63);
    }

    static Stream<ConvCase> withFewPositions() {
        return Cases.convolutions().stream()
                .filter(c -> c.geometry().weightsShape().elements()
                                * c.geometry().outputShape().elements()
                        < 1 << 19);
    }

    @ParameterizedTest
    @MethodSource("withFewPositions")
    void sharingsThatMeanTheSameAgree(ConvCase c) {
        long[] output = c.geometry().outputShape().toArray();
        long[] sizes = Arrays.copyOfRange(output, 2, output.length);
        long longest = Arrays.stream(sizes).max().orElseThrow();
        assertAgree(c, List.of(Sharing.shared(), Sharing.tiled(1), Sharing.blocks(longest)));
        assertAgree(c, List.of(Sharing.local(), Sharing.tiled(sizes), Sharing.blocks(1)));
    }

    private static void assertAgree(ConvCase c, List<Sharing> sharings) {
        NaiveConvolution first = withSharing(c, sharings.get(0));
        float[] x = Numbers.INTEGERS.fill(first.sourceShape(), 1);
        float[] dy = Numbers.INTEGERS.fill(first.outputShape(), 2);
        double[] dw = first.backwardWeights(x, dy).values();
        float[] w = floats(dw);
        float[] b = bias(c) == BiasMode.NONE
                ? null
                : Numbers.INTEGERS.fill(c.geometry().biasShape(), 3);
        double[] y = first.forward(x, w, b).values();
        double[] dx = first.backwardData(dy, w).values();
        for (Sharing sharing : sharings.subList(1, sharings.size())) {
            NaiveConvolution other = withSharing(c, sharing);
            assertArrayEquals(dw, other.backwardWeights(x, dy).values(), sharing::toString);
            assertArrayEquals(y, other.forward(x, w, b).values(), sharing::toString);
            assertArrayEquals(dx, other.backwardData(dy, w).values(), sharing::toString);
        }
    }

    private static NaiveConvolution withSharing(ConvCase c, Sharing sharing) {
        ConvSpec spec = ConvCase.copy(c.spec()).bias(bias(c)).sharing(sharing).build();
        return new NaiveConvolution(ConvGeometry.of(spec, c.source()));
    }

    /** Without KERNEL, whose shape depends on the sharing. */
    private static BiasMode bias(ConvCase c) {
        return c.spec().bias() == BiasMode.KERNEL ? BiasMode.NONE : c.spec().bias();
    }

    @Test
    void theToleranceCountsWhatIsAdded() {
        NaiveConvolution layer = over(layer(3).padding(Padding.same()).bias(BiasMode.CHANNEL), 1, 1, 2);
        Expected output = layer.forward(floats(1, -2), floats(1, 1, 1), floats(-4));
        // Two taps and the bias, |1| + |-2| + |-4|.
        assertEquals(0x1p-23 * (3 + 2) * 7 + 3 * 0x1p-149, output.tolerance(0));
        assertEquals(
                0x1p-23 * (4 + 2) * 15 + 4 * 0x1p-149, output.plus(floats(8, 8)).tolerance(0));
    }

    @Test
    void manyTermsAreBoundedByTheirRoot() {
        Expected sum =
                over(layer(1).bias(BiasMode.CHANNEL), 1, 1, 400).backwardBias(Numbers.INTEGERS.fill(Shape.of(400), 1));
        double magnitude = 0;
        for (float value : Numbers.INTEGERS.fill(Shape.of(400), 1)) {
            magnitude += Math.abs(value);
        }
        assertEquals(0x1p-23 * (8 + 4 * 20) * magnitude + 400 * 0x1p-149, sum.tolerance(0));
    }

    @Test
    void aResultFurtherOffThanItsToleranceFails() {
        Expected output = over(layer(1, 2), 1, 1, 1, 3).forward(floats(1, 1, 1), floats(1, 1), null);
        float allowed = (float) output.tolerance(1);
        output.check("output", floats(2, 2 + allowed));
        AssertionError error =
                assertThrows(AssertionError.class, () -> output.check("output", floats(2, 2 + 2 * allowed)));
        assertTrue(error.getMessage().startsWith("output [0, 0, 0, 1] of [1, 1, 1, 2]"), error.getMessage());
        assertThrows(AssertionError.class, () -> output.check("output", floats(2, Double.NaN)));
        assertThrows(AssertionError.class, () -> output.checkExact("output", floats(2, 2 + allowed)));
        assertThrows(AssertionError.class, () -> output.check("output", floats(2)));
    }
}
