package io.conv4j.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.conv4j.reference.Cases;
import io.conv4j.reference.ConvCase;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ConvSpecTest {
    private static final List<List<ConvCase>> LISTS =
            List.of(Cases.convolutions(), Cases.transposed(), Cases.unshared(), Cases.transposedUnshared());

    private static ConvSpec.Builder layer() {
        return ConvSpec.builder(4, 8).kernel(3, 5);
    }

    @Test
    void defaultsAreThoseOfAPlainLayer() {
        ConvSpec spec = layer().build();
        assertEquals(4, spec.inChannels());
        assertEquals(8, spec.outChannels());
        assertEquals(2, spec.axes());
        assertEquals(3, spec.kernel(0));
        assertEquals(5, spec.kernel(1));
        assertEquals(1, spec.groups());
        for (int axis = 0; axis < 2; axis++) {
            assertEquals(1, spec.stride(axis));
            assertEquals(1, spec.dilation(axis));
            assertEquals(0, spec.outputPadding(axis));
        }
        assertEquals(Padding.valid(), spec.padding());
        assertEquals(Sharing.shared(), spec.sharing());
        assertEquals(BiasMode.NONE, spec.bias());
        assertEquals(Orientation.CROSS_CORRELATION, spec.orientation());
    }

    @Test
    void oneValueServesAllAxes() {
        ConvSpec spec = layer().stride(2).dilation(3).outputPadding(1).build();
        assertEquals(layer().stride(2, 2).dilation(3, 3).outputPadding(1, 1).build(), spec);
        assertEquals(2, spec.stride(1));
        assertEquals(3, spec.dilation(1));
        assertEquals(1, spec.outputPadding(1));
    }

    @Test
    void depthwiseHasAGroupForEachChannel() {
        assertEquals(
                ConvSpec.builder(6, 6).groups(6).kernel(3).build(),
                ConvSpec.depthwise(6).kernel(3).build());
    }

    @Test
    void settingsThatDoNotFitTheKernelsAxesAreRefusedWhateverTheirOrder() {
        for (ConvSpec.Builder builder : List.of(
                ConvSpec.builder(4, 8).stride(1, 2, 3).kernel(3, 3),
                layer().dilation(1, 1, 1),
                layer().outputPadding(0, 0, 0),
                layer().padding(Padding.explicit(1, 1)),
                layer().padding(Padding.explicit(1, 1, 1, 1, 1, 1)),
                layer().sharing(Sharing.tiled(2, 2, 2)),
                layer().groups(3), // divides neither
                layer().groups(8), // divides the output channels alone
                ConvSpec.builder(4, 8))) {
            assertThrows(IllegalArgumentException.class, builder::build);
        }
    }

    @Test
    void aBuilderCanGoOnAfterwards() {
        ConvSpec.Builder builder = layer();
        ConvSpec first = builder.build();
        ConvSpec second = builder.stride(2).build();
        assertEquals(layer().build(), first);
        assertEquals(2, second.stride(0));
    }

    @Test
    void sharesNoArrayWithItsCaller() {
        long[] kernel = {3, 5};
        ConvSpec.Builder builder = ConvSpec.builder(4, 8).kernel(kernel);
        kernel[0] = 9;
        assertEquals(layer().build(), builder.build());
    }

    @Test
    void everySettingTellsLayersApart() {
        List<ConvSpec> different = List.of(
                layer().build(),
                ConvSpec.builder(8, 8).kernel(3, 5).build(),
                ConvSpec.builder(4, 4).kernel(3, 5).build(),
                layer().kernel(3, 3).build(),
                layer().stride(2).build(),
                layer().dilation(2).build(),
                layer().outputPadding(1).build(),
                layer().padding(Padding.same()).build(),
                layer().groups(2).build(),
                layer().sharing(Sharing.local()).build(),
                layer().bias(BiasMode.CHANNEL).build(),
                layer().orientation(Orientation.CONVOLUTION).build());
        for (ConvSpec a : different) {
            for (ConvSpec b : different) {
                if (a != b) {
                    assertNotEquals(a, b);
                    assertNotEquals(a.toString(), b.toString());
                }
            }
        }
    }

    @Test
    void aCopyIsEqual() {
        for (ConvCase c : allCases().toList()) {
            ConvSpec copy = ConvCase.copy(c.spec()).build();
            assertEquals(c.spec(), copy);
            assertEquals(c.spec().hashCode(), copy.hashCode());
        }
    }

    @Test
    void layersThatAreTheSameAreEqual() {
        ConvSpec.Builder one = ConvSpec.builder(2, 3)
                .kernel(3, 3)
                .stride(2)
                .dilation(3)
                .outputPadding(1)
                .sharing(Sharing.tiled(2));
        ConvSpec.Builder other = ConvSpec.builder(2, 3)
                .kernel(3, 3)
                .stride(2, 2)
                .dilation(3, 3)
                .outputPadding(1, 1)
                .sharing(Sharing.tiled(2, 2));
        assertEquals(one.build(), other.build());
        assertEquals(one.build().hashCode(), other.build().hashCode());
        assertNotEquals(one.build(), other.sharing(Sharing.tiled(2, 3)).build());
    }

    @Test
    void noTwoCasesOfOneListHaveOneName() {
        for (List<ConvCase> cases : LISTS) {
            Set<String> names = new LinkedHashSet<>();
            cases.forEach(c -> names.add(c.name()));
            assertEquals(cases.size(), names.size());
        }
    }

    private static Stream<ConvCase> allCases() {
        return LISTS.stream().flatMap(List::stream);
    }

    @Test
    void groupsDivideBothNumbersOfChannels() {
        for (long[] channels : new long[][] {{4, 6}, {6, 4}}) {
            ConvSpec.Builder layer =
                    ConvSpec.builder(channels[0], channels[1]).kernel(3).groups(4);
            assertThrows(IllegalArgumentException.class, layer::build);
        }
    }
}
