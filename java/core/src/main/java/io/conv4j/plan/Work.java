package io.conv4j.plan;

import io.conv4j.memory.DataType;
import io.conv4j.spec.Axis;
import io.conv4j.spec.ConvGeometry;

/** How much a convolution has to compute and to move. */
final class Work {
    private Work() {}

    /** Multiplications with additions of one pass; taps that fall on padding do not count. */
    static double multiplyAdds(ConvGeometry geometry) {
        double product = (double) geometry.batch() * geometry.outChannels() * geometry.inChannels() / geometry.groups();
        for (Axis axis : geometry.axes()) {
            product *= taps(axis);
        }
        return product;
    }

    /** Bytes of source, weights and output. */
    static double bytes(ConvGeometry geometry, DataType weightsType) {
        double activations = (double) geometry.sourceShape().elements()
                + geometry.outputShape().elements();
        return DataType.F32.sizeBytes() * activations
                + weightsType.sizeBytes() * (double) geometry.weightsShape().elements();
    }

    /** Pairs of output position and tap that fall on the source. */
    private static long taps(Axis axis) {
        long taps = 0;
        for (long tap = 0; tap < axis.kernel(); tap++) {
            // Positions with 0 <= position * stride + offset < input.
            long offset = axis.sourceIndex(0, tap);
            long first = offset >= 0 ? 0 : (-offset - 1) / axis.stride() + 1;
            long end = offset >= axis.input()
                    ? 0
                    : Math.min(axis.output(), (axis.input() - offset - 1) / axis.stride() + 1);
            taps += Math.max(end - first, 0);
        }
        return taps;
    }
}
