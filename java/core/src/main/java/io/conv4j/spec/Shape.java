package io.conv4j.spec;

import java.util.Arrays;

/**
 * The sizes of a tensor's dimensions in logical order, such as {@code [N, C, H, W]} for activations. Immutable.
 *
 * <p>A dimension may be zero (an empty batch); the product of the others fits in a {@code long}.
 */
public final class Shape {
    private final long[] sizes;
    private final long elements;

    private Shape(long[] sizes) {
        this.sizes = sizes;
        long product = 1;
        boolean empty = false;
        for (long size : sizes) {
            if (size < 0) {
                throw new IllegalArgumentException("sizes: expected none below 0 but got " + Arrays.toString(sizes));
            }
            if (size == 0) {
                empty = true;
            } else if (Math.multiplyHigh(product, size) != 0 || product * size < 0) {
                throw new IllegalArgumentException(
                        "sizes: expected a product, zeros left out, of at most 2^63 - 1 elements but got "
                                + Arrays.toString(sizes));
            } else {
                product *= size;
            }
        }
        this.elements = empty ? 0 : product;
    }

    /**
     * The shape with these sizes.
     *
     * @param sizes the size of each dimension in elements, at least one of them, none below 0
     * @return the shape
     * @throws NullPointerException if {@code sizes} is null
     * @throws IllegalArgumentException if there is no size, one is negative, or the product of those above 0
     *     exceeds 2^63 - 1
     */
    public static Shape of(long... sizes) {
        if (sizes == null) {
            throw new NullPointerException("sizes");
        }
        if (sizes.length == 0) {
            throw new IllegalArgumentException("sizes: expected at least one dimension but got []");
        }
        return new Shape(sizes.clone());
    }

    /**
     * How many dimensions there are.
     *
     * @return the number of dimensions, at least 1
     */
    public int rank() {
        return sizes.length;
    }

    /**
     * The size of one dimension.
     *
     * @param dimension the dimension's index, from 0
     * @return its size in elements
     * @throws IllegalArgumentException if there is no such dimension
     */
    public long size(int dimension) {
        if (dimension < 0 || dimension >= sizes.length) {
            throw new IllegalArgumentException(
                    "dimension: expected 0 to " + (sizes.length - 1) + " in shape " + this + " but got " + dimension);
        }
        return sizes[dimension];
    }

    /**
     * How many elements a tensor of this shape has.
     *
     * @return the product of all sizes
     */
    public long elements() {
        return elements;
    }

    /**
     * This shape with one size replaced.
     *
     * @param dimension the dimension's index, from 0
     * @param size its new size in elements
     * @return the new shape
     * @throws IllegalArgumentException if there is no such dimension, or the sizes are no shape
     */
    public Shape with(int dimension, long size) {
        size(dimension);
        long[] changed = sizes.clone();
        changed[dimension] = size;
        return new Shape(changed);
    }

    /**
     * The sizes, in a new array.
     *
     * @return the size of each dimension in elements
     */
    public long[] toArray() {
        return sizes.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape shape && Arrays.equals(sizes, shape.sizes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(sizes);
    }

    /** The sizes in brackets: {@code [8, 3, 224, 224]}. */
    @Override
    public String toString() {
        return Arrays.toString(sizes);
    }
}
