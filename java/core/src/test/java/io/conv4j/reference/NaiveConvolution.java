package io.conv4j.reference;

import io.conv4j.spec.Axis;
import io.conv4j.spec.BiasMode;
import io.conv4j.spec.ConvGeometry;
import io.conv4j.spec.Orientation;
import io.conv4j.spec.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;

/**
 * Every pass in double precision, straight from the chapter's formulas, for any sharing. A convolution is a set of terms:
 * output position x uses source element x s - p + k d through tap k (9.8) of the kernel that its sharing names (9.7, 9.9,
 * 9.10). Forward gathers source times weights in the output; the gradients, its derivatives, gather the other two products
 * of the same terms in the weights (9.11) and in the source (9.13).
 *
 * <p>Arrays are in logical order, and shapes are the layer's own: a transposed layer has the terms of the convolution that
 * it mirrors, with source and output in each other's place.
 */
public final class NaiveConvolution {
    private final ConvGeometry geometry;
    private final List<Axis> axes;
    private final boolean flipped;

    public NaiveConvolution(ConvGeometry geometry) {
        this.geometry = geometry;
        this.axes = geometry.axes();
        this.flipped = geometry.orientation() == Orientation.CONVOLUTION;
    }

    public Shape sourceShape() {
        return geometry.isTransposed() ? geometry.outputShape() : geometry.sourceShape();
    }

    public Shape outputShape() {
        return geometry.isTransposed() ? geometry.sourceShape() : geometry.outputShape();
    }

    /** The bias is null where the layer has none. */
    public Expected forward(float[] source, float[] weights, float[] bias) {
        Expected output = new Expected(outputShape());
        addTerms(source, weights, null, output);
        forEachBiased((b, o) -> output.add(o, bias[b]));
        return output;
    }

    public Expected backwardData(float[] outputGradient, float[] weights) {
        Expected gradient = new Expected(sourceShape());
        addTerms(null, weights, outputGradient, gradient);
        return gradient;
    }

    public Expected backwardWeights(float[] source, float[] outputGradient) {
        Expected gradient = new Expected(geometry.weightsShape());
        addTerms(source, null, outputGradient, gradient);
        return gradient;
    }

    public Expected backwardBias(float[] outputGradient) {
        Expected gradient = new Expected(geometry.biasShape());
        forEachBiased((b, o) -> gradient.add(b, outputGradient[o]));
        return gradient;
    }

    /** Offsets within one channel, and within the kernels of one pair of channels: the same for all channels. */
    private record SpatialTerm(int source, int kernel, int tap, int output) {}

    /** The bias that an element of the output gets. */
    private interface Biased {
        void visit(int bias, int output);
    }

    /** Adds up the products of two operands where the third one, null, has its result. */
    private void addTerms(float[] source, float[] weights, float[] output, Expected result) {
        int inPerGroup = Math.toIntExact(geometry.inChannels() / geometry.groups());
        int outPerGroup = Math.toIntExact(geometry.outChannels() / geometry.groups());
        int sourceArea = area(axes.stream().mapToLong(Axis::input).toArray());
        int outputArea = area(axes.stream().mapToLong(Axis::output).toArray());
        int taps = area(axes.stream().mapToLong(Axis::kernel).toArray());
        int kernels = area(axes.stream().mapToLong(NaiveConvolution::kernels).toArray());
        List<SpatialTerm> spatial = new ArrayList<>();
        collect(0, new SpatialTerm(0, 0, 0, 0), spatial);
        boolean transposed = geometry.isTransposed();
        int[] sources = offsets(spatial, transposed ? SpatialTerm::output : SpatialTerm::source);
        int[] outputs = offsets(spatial, transposed ? SpatialTerm::source : SpatialTerm::output);
        int[] ofWeights = offsets(spatial, t -> t.kernel * inPerGroup * taps + t.tap);
        for (int n = 0; n < geometry.batch(); n++) {
            for (int oc = 0; oc < geometry.outChannels(); oc++) {
                for (int i = 0; i < inPerGroup; i++) {
                    int ic = oc / outPerGroup * inPerGroup + i;
                    int inChannel = (int) (n * geometry.inChannels() + ic) * sourceArea;
                    int outChannel = (int) (n * geometry.outChannels() + oc) * outputArea;
                    int s = transposed ? outChannel : inChannel;
                    int o = transposed ? inChannel : outChannel;
                    int w = (oc * kernels * inPerGroup + i) * taps;
                    if (output == null) {
                        result.add(o, outputs, source, s, sources, weights, w, ofWeights);
                    } else if (source == null) {
                        result.add(s, sources, output, o, outputs, weights, w, ofWeights);
                    } else {
                        result.add(w, ofWeights, source, s, sources, output, o, outputs);
                    }
                }
            }
        }
    }

    private static int[] offsets(List<SpatialTerm> terms, ToIntFunction<SpatialTerm> offset) {
        return terms.stream().mapToInt(offset).toArray();
    }

    /** The terms of all axes from this one on, behind what the ones before it have in common. */
    private void collect(int axis, SpatialTerm before, List<SpatialTerm> terms) {
        if (axis == axes.size()) {
            terms.add(before);
            return;
        }
        Axis a = axes.get(axis);
        for (long x = 0; x < a.output(); x++) {
            for (long k = 0; k < a.kernel(); k++) {
                long i = x * a.stride() - a.padBegin() + k * a.dilation();
                if (0 <= i && i < a.input()) {
                    SpatialTerm term = new SpatialTerm(
                            (int) (before.source * a.input() + i),
                            (int) (before.kernel * kernels(a) + kernelIndex(a, x)),
                            (int) (before.tap * a.kernel() + (flipped ? a.kernel() - 1 - k : k)),
                            (int) (before.output * a.output() + x));
                    collect(axis + 1, term, terms);
                }
            }
        }
    }

    private void forEachBiased(Biased visitor) {
        if (geometry.bias() == BiasMode.NONE) {
            return;
        }
        Shape shape = outputShape();
        int channels = Math.toIntExact(shape.size(1));
        int outputArea = Math.toIntExact(shape.elements() / Math.max(shape.size(0) * channels, 1));
        int kernels = area(axes.stream().mapToLong(NaiveConvolution::kernels).toArray());
        int[] kernelAt = geometry.bias() == BiasMode.KERNEL ? kernelsOfPositions(outputArea) : null;
        for (int o = 0; o < shape.elements(); o++) {
            int channel = o / outputArea % channels;
            int position = o % outputArea;
            visitor.visit(
                    switch (geometry.bias()) {
                        case NONE -> throw new AssertionError();
                        case CHANNEL -> channel;
                        case KERNEL -> channel * kernels + kernelAt[position];
                        case POSITION -> channel * outputArea + position;
                    },
                    o);
        }
    }

    private int[] kernelsOfPositions(int outputArea) {
        int[] kernels = new int[outputArea];
        for (int position = 0; position < outputArea; position++) {
            int area = outputArea;
            for (Axis a : axes) {
                area /= Math.toIntExact(a.output());
                kernels[position] =
                        (int) (kernels[position] * kernels(a) + kernelIndex(a, position / area % a.output()));
            }
        }
        return kernels;
    }

    private static long kernels(Axis axis) {
        long size = axis.sharing().size();
        return switch (axis.sharing().kind()) {
            case SHARED -> 1;
            case TILED -> size;
            case LOCAL -> axis.output();
            case BLOCKS -> (long) Math.ceil((double) axis.output() / size);
        };
    }

    private static long kernelIndex(Axis axis, long x) {
        long size = axis.sharing().size();
        return switch (axis.sharing().kind()) {
            case SHARED -> 0;
            case TILED -> x % size;
            case LOCAL -> x;
            case BLOCKS -> x / size;
        };
    }

    private static int area(long[] sizes) {
        long product = 1;
        for (long size : sizes) {
            product *= size;
        }
        return Math.toIntExact(product);
    }
}
