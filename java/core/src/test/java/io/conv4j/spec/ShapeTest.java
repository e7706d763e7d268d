package io.conv4j.spec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class ShapeTest {
    @Test
    void countsItsElements() {
        assertEquals(1, Shape.of(1).elements());
        assertEquals(8 * 3 * 5 * 7, Shape.of(8, 3, 5, 7).elements());
        assertEquals(4, Shape.of(8, 3, 5, 7).rank());
        assertEquals(5, Shape.of(8, 3, 5, 7).size(2));
    }

    @Test
    void aDimensionMayBeEmpty() {
        assertEquals(0, Shape.of(0).elements());
        assertEquals(0, Shape.of(0, 3, 5).elements());
        assertEquals(0, Shape.of(3, 0, 5).elements());
    }

    @Test
    void productsUpTo63BitsAreLegal() {
        assertEquals(1L << 40, Shape.of(1L << 20, 1L << 20).elements());
        assertEquals(Long.MAX_VALUE, Shape.of(Long.MAX_VALUE).elements());
        assertEquals(Long.MAX_VALUE, Shape.of(7, Long.MAX_VALUE / 7, 1).elements()); // 2^63 - 1 = 7 * 7 * 73 * ...
        assertEquals(0, Shape.of(Long.MAX_VALUE, 0).elements());
    }

    @Test
    void productsPast63BitsAreRefused() {
        for (long[] sizes : new long[][] {
            {1L << 32, 1L << 31}, // 2^63, the first that is negative
            {1L << 32, 1L << 32}, // 2^64, which wraps to 0
            {Long.MAX_VALUE, 2},
            {Long.MAX_VALUE, Long.MAX_VALUE}, // wraps to 1
            {3, 5, Long.MAX_VALUE / 14},
            {0, 1L << 32, 1L << 32}, // an empty batch of what could never be
        }) {
            assertThrows(IllegalArgumentException.class, () -> Shape.of(sizes));
        }
    }

    @Test
    void isAValue() {
        assertEquals(Shape.of(1, 2), Shape.of(1, 2));
        assertEquals(Shape.of(1, 2).hashCode(), Shape.of(1, 2).hashCode());
        assertNotEquals(Shape.of(1, 2), Shape.of(2, 1));
        assertNotEquals(Shape.of(1, 2), Shape.of(1, 2, 1));
        assertEquals("[8, 3, 224, 224]", Shape.of(8, 3, 224, 224).toString());
    }

    @Test
    void sharesNoArrayWithItsCaller() {
        long[] sizes = {1, 2, 3};
        Shape shape = Shape.of(sizes);
        sizes[0] = 9;
        shape.toArray()[1] = 9;
        assertEquals(Shape.of(1, 2, 3), shape);
        assertArrayEquals(new long[] {1, 2, 3}, shape.toArray());
    }

    @Test
    void withReplacesOneSizeAndLeavesTheOriginal() {
        Shape shape = Shape.of(8, 3, 5);
        assertEquals(Shape.of(0, 3, 5), shape.with(0, 0));
        assertEquals(Shape.of(8, 3, 7), shape.with(2, 7));
        assertEquals(Shape.of(8, 3, 5), shape);
    }
}
