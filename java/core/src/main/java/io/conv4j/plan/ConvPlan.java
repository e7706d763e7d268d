package io.conv4j.plan;

import io.conv4j.spec.ConvGeometry;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Shape;

/**
 * Convolution and its gradients. With V the source, K the weights, Z the output, and G the gradient of a loss with respect
 * to Z (the chapter's 9.8 to 9.13; positions from 0; p the padding before the source, d the dilation; values outside the
 * source count as 0; channel sums run over one group):
 *
 * <ul>
 *   <li>{@code forward}: Z[n, l, x, y] = bias + sum over i, j, k of V[n, i, x s + j d - p, y s + k d - p] K[l, i, j, k]
 *   <li>{@code backwardData} (h): H[n, i, a, b] = sum over l, x, y and the taps with x s + j d - p = a, y s + k d - p = b
 *       of K[l, i, j, k] G[n, l, x, y]
 *   <li>{@code backwardWeights} (g): g[l, i, j, k] = sum over n, x, y of G[n, l, x, y] V[n, i, x s + j d - p, y s + k d -
 *       p]
 *   <li>{@code backwardBias}: the sum of G over the batch and over the positions that share a bias
 * </ul>
 *
 * With {@link io.conv4j.spec.Orientation#CONVOLUTION} K is flipped on every spatial axis, in all of them.
 */
public final class ConvPlan extends Plan {
    private ConvPlan(ConvSpec spec, ConvGeometry geometry, PlanOptions options) {
        super(spec, geometry, options);
    }

    private ConvPlan(ConvPlan plan, long batch) {
        super(plan, batch);
    }

    /**
     * A plan with default options.
     *
     * @param spec the layer
     * @param sourceShape {@code [n, ic, spatial...]}; n may be 0
     * @return a new plan, which the caller closes
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if the shape does not fit the layer (see {@link ConvGeometry#of})
     * @throws UnsupportedOperationException if a size is above 2^31 - 1, or a tensor has more than 2^34 elements
     * @throws OutOfMemoryError if native memory is out
     * @throws UnsatisfiedLinkError if the native library cannot be loaded
     */
    public static ConvPlan create(ConvSpec spec, Shape sourceShape) {
        return create(spec, sourceShape, PlanOptions.defaults());
    }

    /**
     * A plan.
     *
     * @param spec the layer
     * @param sourceShape {@code [n, ic, spatial...]}; n may be 0
     * @param options how it computes
     * @return a new plan, which the caller closes
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if the shape does not fit the layer (see {@link ConvGeometry#of})
     * @throws UnsupportedOperationException if a size is above 2^31 - 1, a tensor has more than 2^34 elements, or the
     *     options force an implementation that cannot compute the layer, a type of weights that it cannot take, or an
     *     instruction set that the CPU lacks
     * @throws OutOfMemoryError if native memory is out
     * @throws UnsatisfiedLinkError if the native library cannot be loaded
     */
    public static ConvPlan create(ConvSpec spec, Shape sourceShape, PlanOptions options) {
        return new ConvPlan(spec, ConvGeometry.of(spec, sourceShape), options);
    }

    @Override
    public ConvPlan withBatch(long batch) {
        return new ConvPlan(this, batch);
    }
}
