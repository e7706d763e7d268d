package io.conv4j.plan;

import io.conv4j.spec.ConvGeometry;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Shape;

/**
 * Transposed convolution and its gradients: the decoder R = h(K, H, s) of the chapter's section 8 as a layer that is
 * itself trained. It is a convolution read in a mirror: its forward pass is that convolution's {@code backwardData} (9.13),
 * its data gradient that convolution's {@code forward} (9.8), and its weights gradient that convolution's (9.11) with
 * source and output gradient in each other's place.
 *
 * <p>Shapes, channels and padding are the transposed layer's own: weights {@code [ic, oc / g, kernel size per axis...]},
 * and on each axis
 *
 * <pre>output = (in - 1) * stride - (padBegin + padEnd) + dilation * (k - 1) + 1 + outputPadding</pre>
 *
 * Output positions that no tap reaches hold the bias alone.
 */
public final class TransposedConvPlan extends Plan {
    private TransposedConvPlan(ConvSpec spec, ConvGeometry geometry, PlanOptions options) {
        super(spec, geometry, options);
    }

    private TransposedConvPlan(TransposedConvPlan plan, long batch) {
        super(plan, batch);
    }

    /**
     * A plan with default options.
     *
     * @param spec the layer; bias NONE or CHANNEL
     * @param sourceShape {@code [n, ic, spatial...]}; n may be 0
     * @return a new plan, which the caller closes
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if the shape does not fit the layer (see {@link ConvGeometry#ofTransposed})
     * @throws UnsupportedOperationException if a size is above 2^31 - 1, or a tensor has more than 2^34 elements
     * @throws OutOfMemoryError if native memory is out
     * @throws UnsatisfiedLinkError if the native library cannot be loaded
     */
    public static TransposedConvPlan create(ConvSpec spec, Shape sourceShape) {
        return create(spec, sourceShape, PlanOptions.defaults());
    }

    /**
     * A plan.
     *
     * @param spec the layer; bias NONE or CHANNEL
     * @param sourceShape {@code [n, ic, spatial...]}; n may be 0
     * @param options how it computes
     * @return a new plan, which the caller closes
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if the shape does not fit the layer (see {@link ConvGeometry#ofTransposed})
     * @throws UnsupportedOperationException if a size is above 2^31 - 1, a tensor has more than 2^34 elements, or the
     *     options force an implementation that cannot compute the layer, a type of weights that it cannot take, or an
     *     instruction set that the CPU lacks
     * @throws OutOfMemoryError if native memory is out
     * @throws UnsatisfiedLinkError if the native library cannot be loaded
     */
    public static TransposedConvPlan create(ConvSpec spec, Shape sourceShape, PlanOptions options) {
        return new TransposedConvPlan(spec, ConvGeometry.ofTransposed(spec, sourceShape), options);
    }

    @Override
    public TransposedConvPlan withBatch(long batch) {
        return new TransposedConvPlan(this, batch);
    }
}
