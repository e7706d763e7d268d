package io.conv4j.spec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.conv4j.spec.AxisSharing.Kind;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SharingTest {
    private static long[] kernelIndices(AxisSharing axis, long outputSize) {
        return LongStream.range(0, outputSize).map(axis::kernelIndex).toArray();
    }

    @Test
    void positionsUseTheKernelsOfTheTable() {
        assertArrayEquals(
                new long[] {0, 0, 0, 0, 0}, kernelIndices(Sharing.shared().axis(0), 5));
        assertArrayEquals(
                new long[] {0, 1, 2, 0, 1}, kernelIndices(Sharing.tiled(3).axis(0), 5));
        assertArrayEquals(
                new long[] {0, 1, 2, 3, 4}, kernelIndices(Sharing.local().axis(0), 5));
        assertArrayEquals(
                new long[] {0, 0, 1, 1, 2}, kernelIndices(Sharing.blocks(2).axis(0), 5));
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void everyKernelButUnusedTilesIsUsed(Kind kind) {
        for (long size = 1; size <= (kind == Kind.TILED || kind == Kind.BLOCKS ? 9 : 1); size++) {
            AxisSharing axis = new AxisSharing(kind, size);
            for (long output = 1; output <= 9; output++) {
                long used =
                        LongStream.of(kernelIndices(axis, output)).distinct().count();
                assertEquals(used, kind == Kind.TILED ? Math.min(size, output) : axis.kernels(output));
            }
        }
    }

    @Test
    void aPeriodPastTheOutputIsKept() {
        assertEquals(9, Sharing.tiled(9).axis(0).kernels(5));
        assertEquals(1, Sharing.blocks(9).axis(0).kernels(5));
        assertEquals(Long.MAX_VALUE, Sharing.local().axis(0).kernels(Long.MAX_VALUE));
        assertEquals(1L << 62, Sharing.blocks(2).axis(0).kernels(Long.MAX_VALUE));
    }

    @Test
    void oneRuleServesAllAxes() {
        assertEquals(AxisSharing.tiled(3), Sharing.tiled(3).axis(2));
        Sharing perAxis = Sharing.tiled(2, 3);
        assertEquals(AxisSharing.tiled(2), perAxis.axis(0));
        assertEquals(AxisSharing.tiled(3), perAxis.axis(1));
        Sharing mixed = Sharing.perAxis(AxisSharing.local(), AxisSharing.shared());
        assertEquals(Kind.LOCAL, mixed.axis(0).kind());
        assertEquals(Kind.SHARED, mixed.axis(1).kind());
    }

    @Test
    void onlySharedOnEveryAxisIsStandardConvolution() {
        AxisSharing shared = AxisSharing.shared();
        assertTrue(Sharing.shared().isShared());
        assertTrue(Sharing.perAxis(shared, shared).isShared());
        assertFalse(Sharing.perAxis(shared, AxisSharing.local()).isShared());
        // Computed alike, but with kernel dimensions in its weights.
        assertFalse(Sharing.tiled(1).isShared());
    }

    @Test
    void isAValue() {
        assertEquals(Sharing.tiled(2), Sharing.tiled(2));
        assertEquals(Sharing.tiled(2).hashCode(), Sharing.tiled(2).hashCode());
        assertNotEquals(Sharing.tiled(2), Sharing.blocks(2));
        assertNotEquals(Sharing.tiled(2), Sharing.tiled(2, 2));
        assertEquals(Sharing.local(), Sharing.perAxis(AxisSharing.local()));
        assertEquals(
                "local x blocks(3)",
                Sharing.perAxis(AxisSharing.local(), AxisSharing.blocks(3)).toString());
    }

    @Test
    void laterChangesOfTheArrayDoNotCount() {
        AxisSharing[] axes = {AxisSharing.local(), AxisSharing.shared()};
        Sharing sharing = Sharing.perAxis(axes);
        axes[0] = AxisSharing.tiled(2);
        assertEquals(AxisSharing.local(), sharing.axis(0));
    }
}
