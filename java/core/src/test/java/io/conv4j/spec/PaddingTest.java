package io.conv4j.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class PaddingTest {
    private static Axis axis(Padding padding, long kernel, long stride, long dilation, long input) {
        return ConvGeometry.of(layer(padding, kernel, stride, dilation), Shape.of(1, 1, input))
                .axes()
                .get(0);
    }

    private static Axis transposed(Padding padding, long kernel, long stride, long dilation, long input) {
        return ConvGeometry.ofTransposed(layer(padding, kernel, stride, dilation), Shape.of(1, 1, input))
                .axes()
                .get(0);
    }

    private static ConvSpec layer(Padding padding, long kernel, long stride, long dilation) {
        return ConvSpec.builder(1, 1)
                .kernel(kernel)
                .stride(stride)
                .dilation(dilation)
                .padding(padding)
                .build();
    }

    private static void assertPadding(long begin, long end, long output, Axis axis) {
        assertEquals(begin, axis.padBegin(), () -> "begin of " + axis);
        assertEquals(end, axis.padEnd(), () -> "end of " + axis);
        assertEquals(output, axis.output(), () -> "output of " + axis);
    }

    @Test
    void rulesGiveTheChaptersSizes() {
        assertPadding(0, 0, 26, axis(Padding.valid(), 3, 1, 1, 28));
        assertPadding(1, 1, 28, axis(Padding.same(), 3, 1, 1, 28));
        assertPadding(2, 2, 30, axis(Padding.full(), 3, 1, 1, 28));
        assertPadding(2, 2, 28, axis(Padding.same(), 3, 1, 2, 28));
        assertPadding(6, 6, 34, axis(Padding.full(), 4, 1, 2, 28));
        assertPadding(1, 4, 31, axis(Padding.explicit(1, 4), 3, 1, 1, 28));
    }

    @Test
    void samePadsForTheKernelWhateverTheStride() {
        assertPadding(1, 1, 14, axis(Padding.same(), 3, 2, 1, 28));
        assertPadding(1, 1, 15, axis(Padding.same(), 3, 2, 1, 29));
        assertPadding(3, 3, 112, axis(Padding.same(), 7, 2, 1, 224));
    }

    @Test
    void sameUpperAndSameLowerDifferInTheOddZero() {
        assertPadding(0, 1, 14, axis(Padding.sameUpper(), 3, 2, 1, 28));
        assertPadding(1, 0, 14, axis(Padding.sameLower(), 3, 2, 1, 28));
        assertPadding(2, 3, 112, axis(Padding.sameUpper(), 7, 2, 1, 224));
        assertPadding(3, 2, 112, axis(Padding.sameLower(), 7, 2, 1, 224));
        assertPadding(1, 1, 15, axis(Padding.sameUpper(), 3, 2, 1, 29));
        assertPadding(1, 2, 28, axis(Padding.sameUpper(), 4, 1, 1, 28));
        assertPadding(2, 1, 28, axis(Padding.sameLower(), 4, 1, 1, 28));
    }

    @Test
    void sameUpperOutputsTheSourceSizeOverTheStrideRoundedUp() {
        for (Padding padding : new Padding[] {Padding.sameUpper(), Padding.sameLower()}) {
            for (long kernel = 1; kernel <= 5; kernel++) {
                for (long stride = 1; stride <= 7; stride++) {
                    for (long dilation = 1; dilation <= 3; dilation++) {
                        for (long input = 1; input <= 12; input++) {
                            assertLeastPadding(axis(padding, kernel, stride, dilation, input), padding);
                        }
                    }
                }
            }
        }
    }

    private static void assertLeastPadding(Axis axis, Padding padding) {
        assertEquals((long) Math.ceil((double) axis.input() / axis.stride()), axis.output(), axis::toString);
        long needed = (axis.output() - 1) * axis.stride() + axis.dilation() * (axis.kernel() - 1) + 1;
        assertEquals(Math.max(needed - axis.input(), 0), axis.padBegin() + axis.padEnd(), axis::toString);
        long surplusAtEnd = axis.padEnd() - axis.padBegin();
        long odd = (axis.padBegin() + axis.padEnd()) % 2;
        assertEquals(padding.equals(Padding.sameUpper()) ? odd : -odd, surplusAtEnd, axis::toString);
    }

    @Test
    void transposedSameUpperOutputsTheSourceSizeTimesTheStride() {
        for (Padding padding : new Padding[] {Padding.sameUpper(), Padding.sameLower()}) {
            for (long kernel = 1; kernel <= 5; kernel++) {
                for (long stride = 1; stride <= 7; stride++) {
                    for (long dilation = 1; dilation <= 3; dilation++) {
                        Axis axis = transposed(padding, kernel, stride, dilation, 4);
                        long span = dilation * (kernel - 1) + 1;
                        assertEquals(4 * stride, axis.input(), axis::toString);
                        assertEquals(span - stride, axis.padBegin() + axis.padEnd(), axis::toString);
                        assertTrue(axis.padBegin() >= 0, axis::toString);
                        assertTrue(axis.padBegin() == 0 || axis.padEnd() >= axis.padBegin() - 1, axis::toString);
                    }
                }
            }
        }
    }

    @Test
    void transposedSameUpperAndSameLowerDifferInTheOddZero() {
        assertPadding(1, 1, 7, transposed(Padding.sameUpper(), 4, 2, 1, 7));
        assertPadding(0, 1, 7, transposed(Padding.sameUpper(), 3, 2, 1, 7));
        assertPadding(1, 0, 7, transposed(Padding.sameLower(), 3, 2, 1, 7));
        assertPadding(0, -1, 7, transposed(Padding.sameUpper(), 2, 3, 1, 7));
        assertPadding(0, -1, 7, transposed(Padding.sameLower(), 2, 3, 1, 7));
    }

    @Test
    void sameRefusesEvenKernelsOfBothDirections() {
        assertThrows(IllegalArgumentException.class, () -> axis(Padding.same(), 4, 1, 1, 9));
        assertThrows(
                IllegalArgumentException.class, () -> axis(Padding.same(), 2, 1, 2, 9)); // though the reach is even
        assertThrows(IllegalArgumentException.class, () -> transposed(Padding.same(), 4, 2, 1, 9));
    }

    @Test
    void explicitPairsGoToTheirAxes() {
        ConvSpec spec = ConvSpec.builder(1, 1)
                .kernel(1, 1, 1)
                .padding(Padding.explicit(1, 2, 3, 4, 5, 6))
                .build();
        ConvGeometry geometry = ConvGeometry.of(spec, Shape.of(1, 1, 1, 1, 1));
        assertEquals(Shape.of(1, 1, 4, 8, 12), geometry.outputShape());
        assertEquals(3, geometry.axes().get(1).padBegin());
        assertEquals(4, geometry.axes().get(1).padEnd());
    }

    @Test
    void isAValue() {
        assertEquals(Padding.explicit(1, 2), Padding.explicit(1, 2));
        assertEquals(Padding.explicit(1, 2).hashCode(), Padding.explicit(1, 2).hashCode());
        assertNotEquals(Padding.explicit(1, 2), Padding.explicit(2, 1));
        assertNotEquals(Padding.explicit(0, 0), Padding.valid());
        assertNotEquals(Padding.sameUpper(), Padding.sameLower());
        long[] pairs = {1, 2};
        Padding padding = Padding.explicit(pairs);
        pairs[0] = 9;
        assertEquals(Padding.explicit(1, 2), padding);
        assertEquals("[1, 2]", padding.toString());
        assertEquals("same_upper", Padding.sameUpper().toString());
    }
}
