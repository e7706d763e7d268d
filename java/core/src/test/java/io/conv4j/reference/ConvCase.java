package io.conv4j.reference;

import io.conv4j.spec.Axis;
import io.conv4j.spec.BiasMode;
import io.conv4j.spec.ConvGeometry;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Padding;
import io.conv4j.spec.Shape;
import java.util.function.IntToLongFunction;
import java.util.stream.IntStream;

/** One layer over one source. */
public record ConvCase(String name, ConvSpec spec, Shape source) {
    public ConvGeometry geometry() {
        return ConvGeometry.of(spec, source);
    }

    public ConvGeometry transposedGeometry() {
        return ConvGeometry.ofTransposed(spec, source);
    }

    /** The transposed layer that reads this convolution in a mirror: the same terms, source and output exchanged. */
    public ConvCase mirror() {
        ConvGeometry geometry = geometry();
        long[] padding = new long[2 * spec.axes()];
        long[] outputPadding = new long[spec.axes()];
        for (int i = 0; i < spec.axes(); i++) {
            Axis axis = geometry.axes().get(i);
            padding[2 * i] = axis.padBegin();
            padding[2 * i + 1] = axis.padEnd();
            long span = axis.dilation() * (axis.kernel() - 1) + 1;
            // Padded elements that the stride leaves out.
            outputPadding[i] = (axis.padBegin() + axis.input() + axis.padEnd() - span) % axis.stride();
        }
        ConvSpec mirrored = copy(spec, spec.outChannels(), spec.inChannels())
                .padding(Padding.explicit(padding))
                .outputPadding(outputPadding)
                .bias(BiasMode.NONE)
                .build();
        return new ConvCase("mirror of " + name, mirrored, geometry.outputShape());
    }

    /** A builder with all settings of a layer, to change one of them. */
    public static ConvSpec.Builder copy(ConvSpec spec) {
        return copy(spec, spec.inChannels(), spec.outChannels());
    }

    /** The same for other channels. */
    public static ConvSpec.Builder copy(ConvSpec spec, long inChannels, long outChannels) {
        return ConvSpec.builder(inChannels, outChannels)
                .kernel(perAxis(spec, spec::kernel))
                .stride(perAxis(spec, spec::stride))
                .dilation(perAxis(spec, spec::dilation))
                .outputPadding(perAxis(spec, spec::outputPadding))
                .padding(spec.padding())
                .groups(spec.groups())
                .sharing(spec.sharing())
                .bias(spec.bias())
                .orientation(spec.orientation());
    }

    private static long[] perAxis(ConvSpec spec, IntToLongFunction size) {
        return IntStream.range(0, spec.axes()).mapToLong(size).toArray();
    }

    @Override
    public String toString() {
        return name;
    }
}
