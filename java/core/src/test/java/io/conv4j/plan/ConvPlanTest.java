package io.conv4j.plan;

import io.conv4j.reference.Cases;
import io.conv4j.reference.ConvCase;
import java.util.List;
import java.util.stream.Stream;

class ConvPlanTest extends PlanTest {
    static Stream<ConvCase> cases() {
        return Stream.of(Cases.convolutions(), Cases.unshared()).flatMap(List::stream);
    }

    @Override
    ConvPlan plan(ConvCase c, PlanOptions options) {
        return ConvPlan.create(c.spec(), c.source(), options);
    }
}
