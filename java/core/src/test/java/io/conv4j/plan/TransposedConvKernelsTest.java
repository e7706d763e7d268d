package io.conv4j.plan;

import io.conv4j.reference.Cases;
import io.conv4j.reference.ConvCase;
import java.util.List;
import java.util.stream.Stream;

/** Own kernels read in a mirror: every sharing, the shared one included. */
class TransposedConvKernelsTest extends KernelsTest {
    static List<ConvCase> cases() {
        List<ConvCase> shared = Cases.transposed();
        return Stream.of(shared, Cases.withSharings(shared), Cases.transposedUnshared())
                .flatMap(List::stream)
                .toList();
    }

    static List<ConvCase> someCases() {
        return Cases.some(cases());
    }

    @Override
    TransposedConvPlan create(ConvCase c, PlanOptions options) {
        return TransposedConvPlan.create(c.spec(), c.source(), options);
    }
}
