package io.conv4j.plan;

import io.conv4j.spec.ConvGeometry;

/** A pass of a layer, numbered as in conv4j.h. */
enum Pass {
    FORWARD("forward"),
    BACKWARD_DATA("backwardData"),
    BACKWARD_WEIGHTS("backwardWeights"),
    BACKWARD_BIAS("backwardBias");

    final String method;

    Pass(String method) {
        this.method = method;
    }

    /** The pass of the geometry's convolution that computes it. */
    Pass of(ConvGeometry geometry) {
        if (!geometry.isTransposed()) {
            return this;
        }
        return switch (this) {
            case FORWARD -> BACKWARD_DATA;
            case BACKWARD_DATA -> FORWARD;
            default -> this;
        };
    }
}
