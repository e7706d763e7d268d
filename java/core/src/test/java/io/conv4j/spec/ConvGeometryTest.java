package io.conv4j.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.conv4j.reference.ConvCase;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ConvGeometryTest {
    private static ConvSpec.Builder layer(long in, long out, long... kernel) {
        return ConvSpec.builder(in, out).kernel(kernel);
    }

    private static ConvGeometry of(ConvSpec.Builder layer, long... source) {
        return ConvGeometry.of(layer.build(), Shape.of(source));
    }

    private static ConvGeometry transposed(ConvSpec.Builder layer, long... source) {
        return ConvGeometry.ofTransposed(layer.build(), Shape.of(source));
    }

    @Test
    void shapesAreThoseWorkedOutByHand() {
        ConvGeometry stem = of(layer(3, 64, 7, 7).stride(2).padding(Padding.same()), 8, 3, 224, 224);
        assertEquals(Shape.of(8, 3, 224, 224), stem.sourceShape());
        assertEquals(Shape.of(64, 3, 7, 7), stem.weightsShape());
        assertEquals(Shape.of(8, 64, 112, 112), stem.outputShape());

        ConvGeometry grouped = of(layer(6, 9, 3, 2).groups(3).dilation(2, 1).stride(3, 2), 0, 6, 20, 11);
        assertEquals(Shape.of(9, 2, 3, 2), grouped.weightsShape());
        assertEquals(Shape.of(0, 9, 6, 5), grouped.outputShape());

        ConvGeometry oneAxis = of(layer(2, 4, 5), 1, 2, 5);
        assertEquals(Shape.of(4, 2, 5), oneAxis.weightsShape());
        assertEquals(Shape.of(1, 4, 1), oneAxis.outputShape());

        ConvGeometry threeAxes = of(layer(1, 2, 1, 2, 3), 1, 1, 4, 5, 6);
        assertEquals(Shape.of(1, 2, 4, 4, 4), threeAxes.outputShape());
    }

    @Test
    void onlyKernelsThatDifferTakeDimensions() {
        assertEquals(
                Shape.of(8, 2, 2, 4, 3, 3),
                of(layer(4, 8, 3, 3).sharing(Sharing.tiled(2)), 1, 4, 7, 9).weightsShape());
        assertEquals(
                Shape.of(8, 5, 7, 4, 3, 3),
                of(layer(4, 8, 3, 3).sharing(Sharing.local()), 1, 4, 7, 9).weightsShape());
        assertEquals(
                Shape.of(8, 2, 3, 4, 3, 3),
                of(layer(4, 8, 3, 3).sharing(Sharing.blocks(3)), 1, 4, 7, 9).weightsShape());
        AxisSharing local = new AxisSharing(AxisSharing.Kind.LOCAL, 1);
        AxisSharing shared = new AxisSharing(AxisSharing.Kind.SHARED, 1);
        assertEquals(
                Shape.of(8, 5, 1, 4, 3, 3),
                of(layer(4, 8, 3, 3).sharing(Sharing.perAxis(local, shared)), 1, 4, 7, 9)
                        .weightsShape());
        assertEquals(
                Shape.of(8, 4, 3, 3),
                of(layer(4, 8, 3, 3).sharing(Sharing.perAxis(shared, shared)), 1, 4, 7, 9)
                        .weightsShape());
    }

    @Test
    void biasShapesFollowTheirMode() {
        ConvSpec.Builder tiled = layer(4, 8, 3, 3).sharing(Sharing.tiled(2, 3));
        assertEquals(Shape.of(8), of(tiled.bias(BiasMode.CHANNEL), 1, 4, 7, 9).biasShape());
        assertEquals(
                Shape.of(8, 2, 3), of(tiled.bias(BiasMode.KERNEL), 1, 4, 7, 9).biasShape());
        assertEquals(
                Shape.of(8, 5, 7), of(tiled.bias(BiasMode.POSITION), 1, 4, 7, 9).biasShape());
        assertEquals(
                Shape.of(8),
                of(layer(4, 8, 3, 3).bias(BiasMode.KERNEL), 1, 4, 7, 9).biasShape());
        assertEquals(
                Shape.of(4),
                transposed(layer(8, 4, 3, 3).bias(BiasMode.CHANNEL), 1, 8, 7, 9).biasShape());
        assertThrows(
                IllegalStateException.class,
                () -> of(layer(4, 8, 3, 3), 1, 4, 7, 9).biasShape());
    }

    @ParameterizedTest
    @MethodSource("io.conv4j.reference.Cases#convolutions")
    void outputPositionsAreThoseWhoseKernelStaysInsideThePaddedSource(ConvCase c) {
        for (Axis axis : c.geometry().axes()) {
            long end = axis.padBegin() + axis.input() + axis.padEnd();
            long lastTap = (axis.kernel() - 1) * axis.dilation();
            long positions = 0;
            for (long start = 0; start + lastTap < end; start += axis.stride()) {
                positions++;
            }
            assertEquals(positions, axis.output(), axis::toString);
        }
    }

    @ParameterizedTest
    @MethodSource("io.conv4j.reference.Cases#transposed")
    void transposedOutputsFollowTheFormula(ConvCase c) {
        ConvGeometry geometry = c.transposedGeometry();
        assertTrue(geometry.isTransposed());
        assertEquals(c.source(), geometry.outputShape());
        assertEquals(c.spec().inChannels(), geometry.outChannels());
        assertEquals(c.spec().outChannels(), geometry.inChannels());
        for (int i = 0; i < c.spec().axes(); i++) {
            Axis axis = geometry.axes().get(i);
            long span = c.spec().dilation(i) * (c.spec().kernel(i) - 1) + 1;
            // The mirror's padding end is the layer's less its output padding.
            assertEquals(
                    (axis.output() - 1) * c.spec().stride(i) - (axis.padBegin() + axis.padEnd()) + span,
                    axis.input(),
                    axis::toString);
        }
    }

    @Test
    void transposedShapesAreThoseWorkedOutByHand() {
        ConvGeometry decoder =
                transposed(layer(32, 16, 4, 4).stride(2).padding(Padding.explicit(1, 1, 1, 1)), 5, 32, 7, 7);
        assertEquals(Shape.of(5, 32, 7, 7), decoder.outputShape());
        assertEquals(Shape.of(5, 16, 14, 14), decoder.sourceShape());
        assertEquals(Shape.of(32, 16, 4, 4), decoder.weightsShape());

        assertEquals(
                Shape.of(32, 8, 3, 3),
                transposed(layer(32, 16, 3, 3).groups(2), 1, 32, 4, 4).weightsShape());
        assertEquals(
                Shape.of(1, 1, 14),
                transposed(layer(1, 1, 3).stride(2).padding(Padding.same()).outputPadding(1), 1, 1, 7)
                        .sourceShape());
        assertEquals(
                Shape.of(1, 1, 6),
                transposed(layer(1, 1, 3).dilation(2).outputPadding(1), 1, 1, 1).sourceShape());
        assertEquals(
                Shape.of(1, 1, 5),
                transposed(layer(1, 1, 3).padding(Padding.full()), 1, 1, 7).sourceShape());
    }

    @Test
    void theKernelsOfATransposedLayerGoByItsSource() {
        assertEquals(
                Shape.of(8, 5, 6, 4, 3, 3),
                transposed(layer(8, 4, 3, 3).stride(2).sharing(Sharing.local()), 1, 8, 5, 6)
                        .weightsShape());
    }

    @Test
    void theMirrorsOutputIsTheLayersSourceEvenWhereTheFloorFormulaDiffers() {
        // Layer source 3, output (3 - 1) + 2 * 1 + 1 + 1 = 6; a convolution of 6 by the same kernel would give 4.
        Axis axis = transposed(layer(1, 1, 2).dilation(2).outputPadding(1), 1, 1, 3)
                .axes()
                .get(0);
        assertEquals(6, axis.input());
        assertEquals(3, axis.output());
        assertEquals(-1, axis.padEnd());
    }

    @Test
    void outputPaddingStaysBelowStrideOrDilation() {
        assertEquals(
                9,
                transposed(layer(1, 1, 1).stride(3).outputPadding(2), 1, 1, 3)
                        .axes()
                        .get(0)
                        .input());
        assertEquals(
                8,
                transposed(layer(1, 1, 2).dilation(4).outputPadding(1), 1, 1, 3)
                        .axes()
                        .get(0)
                        .input());
        for (ConvSpec.Builder layer : new ConvSpec.Builder[] {
            layer(1, 1, 3).outputPadding(1),
            layer(1, 1, 3).stride(3).dilation(2).outputPadding(3),
            layer(1, 1, 3).stride(2).padding(Padding.sameUpper()).outputPadding(1), // settled by the rule
        }) {
            assertThrows(IllegalArgumentException.class, () -> transposed(layer, 1, 1, 3));
        }
        assertThrows(
                IllegalArgumentException.class,
                () -> of(layer(1, 1, 3).stride(2).outputPadding(1), 1, 1, 9));
    }

    @Test
    void aKernelPastThePaddedSourceIsRefused() {
        assertEquals(
                1,
                of(layer(1, 1, 5).padding(Padding.explicit(1, 1)), 1, 1, 3)
                        .outputShape()
                        .size(2));
        assertThrows(IllegalArgumentException.class, () -> of(layer(1, 1, 6).padding(Padding.explicit(1, 1)), 1, 1, 3));
        assertThrows(IllegalArgumentException.class, () -> of(layer(1, 1, 3).dilation(2), 1, 1, 4));
    }

    @Test
    void aTransposedLayerWithoutOutputIsRefused() {
        assertThrows(
                IllegalArgumentException.class, () -> transposed(layer(1, 1, 3).padding(Padding.full()), 1, 1, 2));
        assertEquals(
                1,
                transposed(layer(1, 1, 3).padding(Padding.full()), 1, 1, 3)
                        .axes()
                        .get(0)
                        .input());
    }

    @Test
    void transposedLayersTakeABiasPerChannelAlone() {
        for (BiasMode bias : new BiasMode[] {BiasMode.KERNEL, BiasMode.POSITION}) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> transposed(layer(1, 1, 3).bias(bias), 1, 1, 3));
        }
    }

    @Test
    void sizesPast31BitsAreLegal() {
        long huge = 1L << 40;
        assertEquals(huge - 2, of(layer(1, 1, 3), 1, 1, huge).axes().get(0).output());
        assertEquals(
                Shape.of(1, 4, huge),
                of(layer(4, 4, 3).padding(Padding.same()), 1, 4, huge).outputShape());
        assertEquals(
                2 * huge,
                transposed(layer(1, 1, 2).stride(2), 1, 1, huge).axes().get(0).input());
        assertEquals(
                Shape.of(huge, 1L << 20, 1),
                of(layer(1L << 20, huge, 1), 1, 1L << 20, 1).weightsShape());
        assertEquals(1, of(layer(1, 1, huge), 1, 1, huge).axes().get(0).output());
    }

    @Test
    void sizesPast63BitsAreRefused() {
        long most = Long.MAX_VALUE;
        ConvSpec.Builder[] layers = {
            layer(1, 1, most).padding(Padding.full()), // padded size
            layer(1, 1, 3).dilation(most), // span
            layer(1, 1, most).dilation(2).padding(Padding.sameUpper()),
            layer(1, 1, 1).padding(Padding.explicit(most, most)),
            layer(1, 1L << 40, 1).padding(Padding.explicit(1L << 40, 0)), // elements of the output
            layer(1, 1L << 40, 1L << 40).padding(Padding.explicit(1L << 40, 0)), // elements of the weights
        };
        for (ConvSpec.Builder layer : layers) {
            assertThrows(IllegalArgumentException.class, () -> of(layer, 1, 1, 4));
        }
        assertThrows(IllegalArgumentException.class, () -> of(layer(1L << 40, 1L << 40, 1), 1, 1L << 40, 1));
        assertThrows(
                IllegalArgumentException.class, () -> transposed(layer(1, 1, 1).stride(most), 1, 1, 4));
        assertThrows(IllegalArgumentException.class, () -> transposed(layer(1, 1L << 62, 1), 2, 1, 1));
        assertThrows(
                IllegalArgumentException.class, () -> transposed(layer(1, 1, 3).dilation(most), 1, 1, 4));
    }

    @Test
    void theNumberOfKernelsMayBeHugeButNotTheirElements() {
        Sharing most = Sharing.tiled(Long.MAX_VALUE);
        assertEquals(
                Shape.of(1, Long.MAX_VALUE, 1, 1),
                of(layer(1, 1, 1).sharing(most), 1, 1, 4).weightsShape());
        assertThrows(IllegalArgumentException.class, () -> of(layer(2, 1, 1).sharing(most), 1, 2, 4));
    }

    @Test
    void withBatchChangesTheBatchAlone() {
        ConvSpec.Builder layer = layer(3, 8, 3, 3).bias(BiasMode.POSITION);
        assertEquals(of(layer, 7, 3, 5, 6), of(layer, 2, 3, 5, 6).withBatch(7));
        assertEquals(of(layer, 0, 3, 5, 6), of(layer, 2, 3, 5, 6).withBatch(0));
        assertNotEquals(of(layer, 2, 3, 5, 6), of(layer, 2, 3, 5, 6).withBatch(7));
        ConvSpec.Builder decoder = layer(3, 8, 3).stride(2);
        assertEquals(transposed(decoder, 7, 3, 5), transposed(decoder, 2, 3, 5).withBatch(7));
        assertFalse(of(layer, 2, 3, 5, 6).withBatch(7).isTransposed());
    }

    @ParameterizedTest
    @MethodSource("io.conv4j.reference.Cases#convolutions")
    void theTransposedLayerThatMirrorsAConvolutionHasItsShapes(ConvCase c) {
        ConvGeometry geometry = c.geometry();
        ConvGeometry mirror = c.mirror().transposedGeometry();
        assertEquals(geometry.sourceShape(), mirror.sourceShape());
        assertEquals(geometry.weightsShape(), mirror.weightsShape());
        assertEquals(geometry.outputShape(), mirror.outputShape());
    }

    @Test
    void outputPaddingIsCheckedOnEveryAxis() {
        Shape source = Shape.of(1, 3, 9, 9);
        ConvSpec.Builder layer = ConvSpec.builder(3, 6).kernel(3, 3).stride(2);
        ConvSpec second = layer.outputPadding(0, 1).build();
        assertThrows(IllegalArgumentException.class, () -> ConvGeometry.of(second, source));
        ConvSpec larger = layer.outputPadding(0, 2).build();
        assertThrows(IllegalArgumentException.class, () -> ConvGeometry.ofTransposed(larger, source));
    }

    @Test
    void everySettingTellsGeometriesApart() {
        Shape source = Shape.of(2, 4, 9, 9);
        List<ConvGeometry> different = List.of(
                ConvGeometry.of(layer().build(), source),
                ConvGeometry.of(layer().build(), Shape.of(3, 4, 9, 9)),
                ConvGeometry.of(layer().build(), Shape.of(2, 4, 9, 10)),
                ConvGeometry.of(ConvSpec.builder(4, 6).kernel(3, 3).build(), source),
                ConvGeometry.of(ConvSpec.builder(8, 4).kernel(3, 3).build(), Shape.of(2, 8, 9, 9)),
                ConvGeometry.of(layer().groups(2).build(), source),
                ConvGeometry.of(layer().bias(BiasMode.CHANNEL).build(), source),
                ConvGeometry.of(layer().orientation(Orientation.CONVOLUTION).build(), source),
                ConvGeometry.ofTransposed(layer().build(), Shape.of(2, 4, 7, 7)));
        for (ConvGeometry a : different) {
            for (ConvGeometry b : different) {
                if (a != b) {
                    assertNotEquals(a, b);
                    assertNotEquals(a.toString(), b.toString());
                }
            }
        }
    }

    @Test
    void axesCannotBeChanged() {
        List<Axis> axes = ConvGeometry.of(layer().build(), Shape.of(2, 4, 9, 9)).axes();
        assertThrows(UnsupportedOperationException.class, () -> axes.remove(0));
    }

    private static ConvSpec.Builder layer() {
        return ConvSpec.builder(4, 4).kernel(3, 3);
    }
}
