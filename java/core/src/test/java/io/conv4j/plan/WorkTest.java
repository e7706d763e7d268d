package io.conv4j.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.conv4j.memory.DataType;
import io.conv4j.reference.Cases;
import io.conv4j.reference.ConvCase;
import io.conv4j.spec.Axis;
import io.conv4j.spec.ConvGeometry;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class WorkTest {
    static Stream<ConvGeometry> geometries() {
        List<ConvCase> layers = Cases.withSharings(Cases.convolutions());
        return Stream.of(
                        layers.stream().map(ConvCase::geometry),
                        Cases.unshared().stream().map(ConvCase::geometry),
                        Cases.transposed().stream().map(ConvCase::transposedGeometry),
                        Cases.transposedUnshared().stream().map(ConvCase::transposedGeometry))
                .flatMap(all -> all);
    }

    @ParameterizedTest
    @MethodSource("geometries")
    void countsWhatTapsInsideTheSourceMeet(ConvGeometry geometry) {
        double source = geometry.batch() * geometry.inChannels();
        double output = geometry.batch() * geometry.outChannels();
        double weights = geometry.outChannels() * geometry.inChannels() / geometry.groups();
        double products = geometry.batch() * weights;
        if (geometry.batch() == 0) {
            weights = 0;
        }
        for (Axis axis : geometry.axes()) {
            Set<Long> sources = new HashSet<>();
            Set<Long> outputs = new HashSet<>();
            Set<List<Long>> taps = new HashSet<>();
            long pairs = 0;
            for (long position = 0; position < axis.output(); position++) {
                for (long tap = 0; tap < axis.kernel(); tap++) {
                    long index = axis.sourceIndex(position, tap);
                    if (index >= 0 && index < axis.input()) {
                        sources.add(index);
                        outputs.add(position);
                        taps.add(List.of(axis.sharing().kernelIndex(position), tap));
                        pairs++;
                    }
                }
            }
            source *= sources.size();
            output *= outputs.size();
            weights *= taps.size();
            products *= pairs;
        }
        double wholeSource = geometry.sourceShape().elements();
        double wholeOutput = geometry.outputShape().elements();
        double wholeWeights = geometry.weightsShape().elements();
        assertEquals(
                new Work(products, 4 * (source + weights + wholeOutput)),
                Work.of(geometry, Pass.FORWARD.of(geometry), DataType.F32));
        assertEquals(
                new Work(products, 4 * (wholeSource + output) + 2 * weights),
                Work.of(geometry, Pass.BACKWARD_DATA.of(geometry), DataType.BF16));
        assertEquals(
                new Work(products, 4 * (source + wholeWeights + output)),
                Work.of(geometry, Pass.BACKWARD_WEIGHTS, DataType.F32));
    }
}
