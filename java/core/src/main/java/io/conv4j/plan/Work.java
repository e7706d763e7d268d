package io.conv4j.plan;

import io.conv4j.memory.DataType;
import io.conv4j.spec.Axis;
import io.conv4j.spec.AxisSharing;
import io.conv4j.spec.ConvGeometry;

/**
 * How much a pass has to compute and to move: taps on padding do not count, nor do elements that no tap inside the source
 * meets; the pass's result counts whole.
 */
record Work(double multiplyAdds, double bytes) {
    /** What a layer's pass reads and writes; a weight takes as many bytes as its type. */
    static Work of(ConvGeometry geometry, Pass pass, DataType weightsType) {
        double perImage = 1;
        double source = geometry.inChannels();
        double output = geometry.outChannels();
        double weights = output * source / geometry.groups();
        for (Axis axis : geometry.axes()) {
            Taps taps = new Taps(axis);
            perImage *= taps.all;
            source *= taps.source;
            weights *= taps.weights;
            output *= taps.output;
        }
        double batch = geometry.batch();
        double multiplyAdds = batch * perImage * geometry.outChannels() * geometry.inChannels() / geometry.groups();
        source *= batch;
        output *= batch;
        weights *= Math.min(batch, 1);
        switch (pass.of(geometry)) {
            case FORWARD -> output = geometry.outputShape().elements();
            case BACKWARD_DATA -> source = geometry.sourceShape().elements();
            default -> weights = geometry.weightsShape().elements();
        }
        double bytes = DataType.F32.sizeBytes() * (source + output) + weightsType.sizeBytes() * weights;
        return new Work(multiplyAdds, bytes);
    }

    /** The pairs of output position and tap of an axis that fall on the source, and what they meet. */
    private static final class Taps {
        private final Axis axis;
        private long all;
        private long source;
        private long weights;
        private long output;

        Taps(Axis axis) {
            this.axis = axis;
            Union outputs = new Union();
            for (long tap = axis.kernel() - 1; tap >= 0; tap--) {
                outputs.add(first(tap), end(tap));
            }
            output = outputs.size;
            // Taps so far from each other meet source positions that are strides apart.
            long period = axis.stride() / gcd(axis.stride(), axis.dilation());
            for (long residue = 0; residue < Math.min(axis.kernel(), period); residue++) {
                Union sources = new Union();
                for (long tap = residue; tap < axis.kernel(); tap += period) {
                    long first = first(tap);
                    long end = end(tap);
                    if (first < end) {
                        all += end - first;
                        weights += kernels(axis.sharing(), first, end);
                        long strides = Math.floorDiv(axis.sourceIndex(0, tap), axis.stride());
                        sources.add(first + strides, end + strides);
                    }
                }
                source += sources.size;
            }
        }

        /** The first output position whose tap is not before the source: position * stride + offset >= 0. */
        private long first(long tap) {
            long offset = axis.sourceIndex(0, tap);
            return offset >= 0 ? 0 : (-offset - 1) / axis.stride() + 1;
        }

        /** The first output position whose tap is behind the source. */
        private long end(long tap) {
            long offset = axis.sourceIndex(0, tap);
            return offset >= axis.input()
                    ? 0
                    : Math.min(axis.output(), (axis.input() - offset - 1) / axis.stride() + 1);
        }

        private static long gcd(long a, long b) {
            return b == 0 ? a : gcd(b, a % b);
        }

        /** How many kernels a run of output positions uses. */
        private static long kernels(AxisSharing sharing, long first, long end) {
            return switch (sharing.kind()) {
                case SHARED -> 1;
                case TILED -> Math.min(sharing.size(), end - first);
                case LOCAL -> end - first;
                case BLOCKS -> sharing.kernelIndex(end - 1) - sharing.kernelIndex(first) + 1;
            };
        }
    }

    /** The union of runs that come in the order of their beginnings. */
    private static final class Union {
        private long size;
        private long covered = Long.MIN_VALUE;

        void add(long first, long end) {
            size += Math.max(end - Math.max(first, covered), 0);
            covered = Math.max(end, covered);
        }
    }
}
