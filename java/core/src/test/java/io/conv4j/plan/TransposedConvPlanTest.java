package io.conv4j.plan;

import io.conv4j.reference.Cases;
import io.conv4j.reference.ConvCase;
import java.util.List;
import java.util.stream.Stream;

class TransposedConvPlanTest extends PlanTest {
    static Stream<ConvCase> cases() {
        return Stream.of(Cases.transposed(), Cases.transposedUnshared()).flatMap(List::stream);
    }

    @Override
    TransposedConvPlan plan(ConvCase c, PlanOptions options) {
        return TransposedConvPlan.create(c.spec(), c.source(), options);
    }
}
