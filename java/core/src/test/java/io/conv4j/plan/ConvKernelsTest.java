package io.conv4j.plan;

import io.conv4j.reference.Cases;
import io.conv4j.reference.ConvCase;
import java.util.List;
import java.util.stream.Stream;

/** Own kernels: every sharing, the shared one included. */
class ConvKernelsTest extends KernelsTest {
    static List<ConvCase> cases() {
        List<ConvCase> shared = Cases.convolutions();
        return Stream.of(shared, Cases.withSharings(shared), Cases.unshared())
                .flatMap(List::stream)
                .toList();
    }

    static List<ConvCase> someCases() {
        return Cases.some(cases());
    }

    @Override
    ConvPlan create(ConvCase c, PlanOptions options) {
        return ConvPlan.create(c.spec(), c.source(), options);
    }
}
