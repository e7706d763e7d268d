package io.conv4j.plan;

import io.conv4j.reference.Cases;
import io.conv4j.reference.ConvCase;
import java.util.List;

class TransposedConvPlanTest extends PlanTest {
    static List<ConvCase> cases() {
        return Cases.transposed();
    }

    @Override
    TransposedConvPlan plan(ConvCase c, PlanOptions options) {
        return TransposedConvPlan.create(c.spec(), c.source(), options);
    }
}
