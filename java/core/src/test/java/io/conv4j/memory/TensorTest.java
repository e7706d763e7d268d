package io.conv4j.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.conv4j.Arenas;
import io.conv4j.NewJvm;
import io.conv4j.plan.ConvPlan;
import io.conv4j.plan.PlanOptions;
import io.conv4j.reference.Bf16;
import io.conv4j.reference.Cases;
import io.conv4j.reference.ConvCase;
import io.conv4j.reference.Numbers;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Orientation;
import io.conv4j.spec.Shape;
import io.conv4j.spec.Sharing;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class TensorTest {
    private static final long GC_SECONDS = 60;

    private static float[] numbers(Shape shape) {
        return Numbers.FLOATS.fill(shape, 7);
    }

    private static ByteBuffer directBytes(int sizeBytes) {
        return ByteBuffer.allocateDirect(sizeBytes).order(ByteOrder.nativeOrder());
    }

    private static FloatBuffer direct(float... values) {
        return directBytes(values.length * Float.BYTES)
                .asFloatBuffer()
                .put(values)
                .clear();
    }

    private static float[] contents(FloatBuffer buffer) {
        float[] values = new float[buffer.capacity()];
        buffer.duplicate().clear().get(values);
        return values;
    }

    /** A shape with every layout that it can have, among them all that plans issue for the shared cases. */
    private record Layouts(Shape shape, Set<Layout> layouts) {
        static List<Layouts> ofCases() {
            List<Layouts> all = new ArrayList<>();
            for (ConvCase c : Cases.convolutions()) {
                try (ConvPlan plan = ConvPlan.create(c.spec(), c.source())) {
                    all.add(of(plan.sourceShape(), plan.sourceLayout()));
                    all.add(of(plan.outputShape(), plan.outputLayout()));
                    all.add(of(plan.weightsShape(), plan.weightsLayout()));
                }
            }
            return all;
        }

        static Layouts of(Shape shape, Layout... more) {
            Set<Layout> layouts = new LinkedHashSet<>(List.of(Layout.CHANNELS_FIRST, Layout.CHANNELS_LAST));
            Collections.addAll(layouts, more);
            return new Layouts(shape, layouts);
        }
    }

    @Test
    void valuesComeBackInLogicalOrderFromEveryLayout() {
        List<Layouts> all = Layouts.ofCases();
        all.add(Layouts.of(Shape.of(7)));
        all.add(Layouts.of(Shape.of(3, 5)));
        all.add(Layouts.of(Shape.of(2, 3, 4, 5, 6, 7)));
        int opaque = 0;
        for (Layouts each : all) {
            float[] values = numbers(each.shape());
            for (Layout layout : each.layouts()) {
                opaque += layout.isOpaque() ? 1 : 0;
                try (Tensor tensor = Tensor.of(values, each.shape(), layout)) {
                    assertEquals(layout, tensor.layout());
                    assertEquals(each.shape(), tensor.shape());
                    assertArrayEquals(values, tensor.toFloatArray(), tensor::toString);
                }
            }
        }
        assertTrue(opaque > 0, "no plan issued a layout of its own");
    }

    @Test
    void reordersKeepEveryValue() {
        for (Layouts each : Layouts.ofCases()) {
            float[] values = numbers(each.shape());
            for (Layout from : each.layouts()) {
                for (Layout to : each.layouts()) {
                    try (Tensor tensor = Tensor.of(values, each.shape(), from);
                            Tensor copy = tensor.to(to);
                            Tensor other = Tensor.zeros(each.shape(), to)) {
                        assertEquals(to, copy.layout());
                        assertArrayEquals(values, copy.toFloatArray(), () -> from + " to " + to);
                        tensor.copyTo(other);
                        assertArrayEquals(values, other.toFloatArray(), () -> from + " to " + to);
                    }
                }
            }
        }
    }

    /** One output position per weight: a layout of bf16 for vectors. */
    private static Layout bf16(int weights) {
        ConvSpec spec =
                ConvSpec.builder(1, 1).kernel(1).sharing(Sharing.local()).build();
        PlanOptions options = PlanOptions.builder().weightsType(DataType.BF16).build();
        try (ConvPlan plan = ConvPlan.create(spec, Shape.of(1, 1, weights), options)) {
            assertEquals(Shape.of(1, weights, 1, 1), plan.weightsShape());
            return plan.weightsLayout();
        }
    }

    private static float[] throughBf16(float... values) {
        try (Tensor tensor = Tensor.of(values, Shape.of(1, values.length, 1, 1), bf16(values.length))) {
            assertEquals(DataType.BF16, tensor.dataType());
            assertEquals(2L * values.length, tensor.sizeBytes());
            return tensor.toFloatArray();
        }
    }

    @Test
    void bf16AreTheNearestOnesTiesToEven() {
        float[][] roundings = {
            {0, 0},
            {1, 1},
            {0x1.01p0f, 0x1p0f}, // a tie, down to even
            {0x1.00fffep0f, 0x1p0f},
            {0x1.010002p0f, 0x1.02p0f},
            {0x1.03p0f, 0x1.04p0f}, // a tie, up to even
            {0x1.fffffep0f, 2},
            {0x1.fep127f, 0x1.fep127f}, // the largest
            {0x1.fefffep127f, 0x1.fep127f},
            {0x1.ffp127f, Float.POSITIVE_INFINITY}, // a tie with what would be 2^128
            {Float.MAX_VALUE, Float.POSITIVE_INFINITY},
            {Float.POSITIVE_INFINITY, Float.POSITIVE_INFINITY},
            {Float.MIN_NORMAL, Float.MIN_NORMAL},
            {0x1.fcp-127f, 0x1.fcp-127f}, // denormal
            {0x1p-133f, 0x1p-133f}, // the smallest
            {0x1p-134f, 0}, // a tie with zero
            {0x1.8p-133f, 0x1p-132f}, // a tie, up to even
            {Float.MIN_VALUE, 0},
        };
        for (float[] rounding : roundings) {
            assertArrayEquals(new float[] {rounding[1], -rounding[1]}, throughBf16(rounding[0], -rounding[0]));
        }
    }

    @Test
    void nanStaysNanInBf16() {
        for (int bits : new int[] {0x7fc00000, 0x7f800001, 0x7fffffff, 0xffc00000, 0xff800001, 0xffffffff}) {
            assertTrue(Float.isNaN(throughBf16(Float.intBitsToFloat(bits))[0]), Integer.toHexString(bits));
        }
    }

    @Test
    void everyBf16ComesBackExactly() {
        float[] values = new float[1 << 16];
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.intBitsToFloat(i << 16);
        }
        assertArrayEquals(values, throughBf16(values));
    }

    @Test
    void floatsOfEveryMagnitudeRoundToBf16AsTheDefinitionSays() {
        float[] values = new float[1 << 20];
        Random random = new Random(1);
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.intBitsToFloat(random.nextInt());
        }
        assertArrayEquals(Bf16.round(values), throughBf16(values));
    }

    @Test
    void copiesBetweenTypesConvert() {
        Shape shape = Shape.of(1, 1000, 1, 1);
        float[] values = numbers(shape);
        Layout bf16 = bf16(1000);
        assertEquals(DataType.BF16, bf16.dataType());
        assertEquals(bf16, bf16(1000));
        assertNotEquals(bf16, Layout.CHANNELS_FIRST);
        try (Tensor floats = Tensor.of(values, shape, Layout.CHANNELS_LAST);
                Tensor rounded = floats.to(bf16);
                Tensor same = rounded.to(bf16);
                Tensor back = Tensor.zeros(shape)) {
            same.copyTo(back);
            assertEquals(DataType.F32, back.dataType());
            assertArrayEquals(Bf16.round(values), back.toFloatArray());
            assertEquals("Tensor [1, 1000, 1, 1] BF16 " + bf16, rounded.toString());
            rounded.copyFrom(new float[1000]);
            assertArrayEquals(new float[1000], rounded.toFloatArray());
        }
    }

    @Test
    void aViewOfBf16TakesTwoBytesAnElementAndAlignment() {
        ByteBuffer bytes = directBytes(10);
        bytes.putShort(2, (short) 0x3f80).putShort(4, (short) 0x4000).putShort(6, (short) 0xc040);
        try (Tensor view = Tensor.view(bytes.position(2), Shape.of(1, 3, 1, 1), bf16(3))) {
            assertEquals(6, view.sizeBytes());
            assertArrayEquals(new float[] {1, 2, -3}, view.toFloatArray());
            view.copyFrom(new float[] {4, 5, 6});
        }
        assertEquals(0x4080, bytes.getShort(2));
        assertEquals(0, bytes.getShort(0));
        assertEquals(0, bytes.getShort(8));
    }

    @Test
    void arraysAreCopiedInPiecesWithoutSeams() {
        Shape shape = Shape.of(3, (1 << 20) + 1);
        float[] values = numbers(shape);
        try (Tensor tensor = Tensor.of(values, shape)) {
            assertArrayEquals(values, tensor.toFloatArray());
        }
    }

    @Test
    void channelsLastPutsTheChannelsOfAPositionSideBySide() {
        FloatBuffer buffer = direct(1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60);
        try (Tensor tensor = Tensor.view(buffer, Shape.of(1, 2, 2, 3), Layout.CHANNELS_LAST)) {
            assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60}, tensor.toFloatArray());
        }
    }

    @Test
    void aViewOfFloatsBeginsAtTheirPosition() {
        FloatBuffer buffer = direct(0, 1, 2, 3, 4, 5, 6, 7).position(2).limit(7);
        try (Tensor tensor = Tensor.view(buffer, Shape.of(2, 2))) {
            assertArrayEquals(new float[] {2, 3, 4, 5}, tensor.toFloatArray());
        }
        try (Tensor tensor = Tensor.view(buffer.slice(), Shape.of(5))) {
            assertArrayEquals(new float[] {2, 3, 4, 5, 6}, tensor.toFloatArray());
        }
        assertEquals(2, buffer.position());
        assertEquals(7, buffer.limit());
    }

    @Test
    void aViewOfBytesBeginsAtTheirPosition() {
        ByteBuffer bytes = directBytes(32);
        for (int i = 0; i < 8; i++) {
            bytes.putFloat(i);
        }
        bytes.position(12).limit(29);
        try (Tensor tensor = Tensor.view(bytes, Shape.of(4))) {
            assertArrayEquals(new float[] {3, 4, 5, 6}, tensor.toFloatArray());
        }
        try (Tensor tensor = Tensor.view(bytes.slice().order(ByteOrder.nativeOrder()), Shape.of(1, 4))) {
            assertArrayEquals(new float[] {3, 4, 5, 6}, tensor.toFloatArray());
        }
        assertEquals(12, bytes.position());
        assertEquals(29, bytes.limit());
    }

    @Test
    void viewAndBufferShareMemoryBothWays() {
        FloatBuffer buffer = direct(0, 1, 2, 3, 4, 5).position(1);
        try (Tensor tensor = Tensor.view(buffer, Shape.of(4))) {
            tensor.copyFrom(new float[] {10, 20, 30, 40});
            assertArrayEquals(new float[] {0, 10, 20, 30, 40, 5}, contents(buffer));
            buffer.put(2, 200);
            assertArrayEquals(new float[] {10, 200, 30, 40}, tensor.toFloatArray());
        }
        assertArrayEquals(new float[] {0, 10, 200, 30, 40, 5}, contents(buffer));
    }

    @Test
    void anOpaqueViewTakesTheLayoutsBytesFromTheBuffer() {
        ConvSpec spec = ConvSpec.builder(17, 17).kernel(3, 3).build();
        Shape shape = Shape.of(2, 17, 5, 6);
        try (ConvPlan plan = ConvPlan.create(spec, shape);
                Tensor tensor = Tensor.of(numbers(shape), shape, plan.sourceLayout())) {
            ByteBuffer bytes = directBytes(Math.toIntExact(tensor.sizeBytes()) + 64);
            try (Tensor view = Tensor.view(bytes.position(16), shape, plan.sourceLayout())) {
                assertEquals(tensor.sizeBytes(), view.sizeBytes());
                tensor.copyTo(view);
                assertArrayEquals(tensor.toFloatArray(), view.toFloatArray());
                for (int i = 0; i < 16; i++) {
                    assertEquals(0, bytes.get(i));
                    assertEquals(0, bytes.get(Math.toIntExact(16 + view.sizeBytes()) + i));
                }
            }
            ByteBuffer tooSmall = directBytes(Math.toIntExact(tensor.sizeBytes()) - 4);
            assertThrows(IllegalArgumentException.class, () -> Tensor.view(tooSmall, shape, plan.sourceLayout()));
        }
    }

    @Test
    void aViewKeepsItsBufferReachable() {
        ByteBuffer bytes = directBytes(8);
        WeakReference<ByteBuffer> reference = new WeakReference<>(bytes);
        WeakReference<Object> unreachable = new WeakReference<>(new Object());
        try (Tensor tensor = Tensor.view(bytes.asFloatBuffer(), Shape.of(2))) {
            bytes = null;
            while (unreachable.get() != null) {
                System.gc();
            }
            assertNotNull(reference.get());
            assertArrayEquals(new float[2], tensor.toFloatArray());
        }
    }

    @Test
    void memoryIsAlignedTo64Bytes() {
        for (long elements : new long[] {0, 1, 15, 16, 17, 1000, 1 << 19, (1 << 19) + 1}) {
            try (Tensor tensor = Tensor.zeros(Shape.of(elements));
                    Tensor another = Tensor.zeros(Shape.of(elements))) {
                assertEquals(0, tensor.memory().address() % 64);
                assertEquals(0, another.memory().address() % 64);
            }
        }
    }

    @Test
    void newMemoryIsZeroThoughOthersUsedItBefore() {
        for (int size : new int[] {1, 100, 5000, 600_000}) {
            Shape shape = Shape.of(size);
            for (int i = 0; i < 4; i++) {
                try (Tensor tensor = Tensor.zeros(shape)) {
                    assertArrayEquals(new float[size], tensor.toFloatArray());
                    tensor.copyFrom(numbers(shape));
                }
            }
        }
    }

    @Test
    void liveBytesAreThoseOfOpenTensors() {
        long before = Tensor.liveBytes();
        try (Tensor small = Tensor.zeros(Shape.of(5));
                Tensor large = Tensor.zeros(Shape.of(1 << 20))) {
            assertEquals(20, small.sizeBytes());
            assertEquals(before + small.sizeBytes() + large.sizeBytes(), Tensor.liveBytes());
            try (Tensor view = Tensor.view(direct(1, 2), Shape.of(2))) {
                assertEquals(8, view.sizeBytes());
                assertEquals(before + small.sizeBytes() + large.sizeBytes(), Tensor.liveBytes());
            }
        }
        assertEquals(before, Tensor.liveBytes());
    }

    @Test
    void closingTwiceDoesNothing() {
        long before = Tensor.liveBytes();
        Tensor tensor = Tensor.zeros(Shape.of(5));
        assertFalse(tensor.isClosed());
        tensor.close();
        assertTrue(tensor.isClosed());
        assertEquals(before, Tensor.liveBytes());
        try (Tensor another = Tensor.zeros(Shape.of(5))) {
            tensor.close();
            assertEquals(before + another.sizeBytes(), Tensor.liveBytes());
        }
    }

    @Test
    void closingAViewLeavesTheBuffer() {
        FloatBuffer buffer = direct(1, 2);
        Tensor view = Tensor.view(buffer, Shape.of(2));
        view.close();
        assertThrows(IllegalStateException.class, view::toFloatArray);
        assertArrayEquals(new float[] {1, 2}, contents(buffer));
    }

    @Test
    void aClosedTensorStillTellsWhatItWas() {
        Tensor tensor = Tensor.zeros(Shape.of(2, 3), Layout.CHANNELS_LAST);
        tensor.close();
        assertEquals(Shape.of(2, 3), tensor.shape());
        assertEquals(Layout.CHANNELS_LAST, tensor.layout());
        assertEquals(DataType.F32, tensor.dataType());
        assertEquals(24, tensor.sizeBytes());
        assertEquals("Tensor [2, 3] F32 channels_last (closed)", tensor.toString());
    }

    @Test
    void forgottenTensorsAreFreed() throws InterruptedException {
        long before = Tensor.liveBytes();
        for (int i = 0; i < 10; i++) {
            assertNotNull(Tensor.zeros(Shape.of(1000))); // and dropped
        }
        assertTrue(Tensor.liveBytes() > before);
        awaitLiveBytes(before);
    }

    @Test
    void aFullJavaHeapLeavesNoMemoryBehind() throws Exception {
        List<String> arguments = List.of(
                "-Xmx20m", "-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path"), FullHeap.class.getName());
        assertEquals("refused true, then freed", NewJvm.run(Map.of(), arguments).strip());
    }

    static final class FullHeap {
        public static void main(String[] args) throws InterruptedException {
            Shape shape = Shape.of(1000);
            Tensor.zeros(shape).close();
            long before = Tensor.liveBytes();
            Object[] reserve = null;
            for (int i = 0; i < 200; i++) {
                reserve = new Object[] {reserve, new byte[1]};
            }
            Object[] heap = null;
            for (int size = 1 << 20; size > 0; size /= 2) {
                heap = fill(heap, size);
            }
            boolean refused = false;
            // A little more room each time, so that every step has its turn to fail.
            while (reserve != null) {
                reserve = (Object[]) reserve[0];
                try {
                    Tensor.zeros(shape);
                } catch (OutOfMemoryError e) {
                    refused = true;
                }
            }
            heap = null;
            awaitLiveBytes(before);
            System.out.println("refused " + refused + ", then freed");
        }

        private static Object[] fill(Object[] heap, int size) {
            Object[] filled = heap;
            try {
                while (true) {
                    filled = new Object[] {filled, new byte[size]};
                }
            } catch (OutOfMemoryError e) {
                return filled;
            }
        }
    }

    private static void awaitLiveBytes(long expected) throws InterruptedException {
        long deadline = System.nanoTime() + GC_SECONDS * 1_000_000_000;
        while (Tensor.liveBytes() != expected && System.nanoTime() < deadline) {
            System.gc();
            Thread.sleep(10);
        }
        assertEquals(expected, Tensor.liveBytes());
    }

    @Test
    void anEmptyTensorHasNothingToCopy() {
        for (Layout layout : List.of(Layout.CHANNELS_FIRST, Layout.CHANNELS_LAST)) {
            try (Tensor empty = Tensor.of(new float[0], Shape.of(0, 3, 5), layout);
                    Tensor copy = empty.to(Layout.CHANNELS_FIRST);
                    Tensor view = Tensor.view(direct(), Shape.of(0), layout)) {
                assertEquals(0, empty.sizeBytes());
                assertEquals(0, copy.toFloatArray().length);
                assertEquals(0, view.toFloatArray().length);
                empty.copyTo(copy);
                empty.copyFrom(new float[0]);
            }
        }
    }

    @Test
    void anEmptyViewSharesMemoryWithNothing() {
        FloatBuffer buffer = direct(1, 2, 3, 4);
        try (Tensor all = Tensor.view(buffer, Shape.of(4));
                Tensor empty = Tensor.view(buffer.position(2), Shape.of(0))) {
            assertTrue(all.memory().overlaps(all.memory()));
            assertFalse(all.memory().overlaps(empty.memory()));
            assertFalse(empty.memory().overlaps(all.memory()));
        }
    }

    @Test
    void moreElementsThanAnArrayHoldsAreLegalInNativeMemory() throws IOException {
        long elements = Integer.MAX_VALUE + 1L;
        assumeTrue(memoryKilobytes() * 1024 > 5 * elements, "Linux gives out no more than there is");
        try (Tensor tensor = Tensor.zeros(Shape.of(2, elements / 2))) {
            assertEquals(4 * elements, tensor.sizeBytes());
            IllegalStateException refused = assertThrows(IllegalStateException.class, tensor::toFloatArray);
            assertTrue(refused.getMessage().startsWith("tensor: expected"), refused.getMessage());
        }
    }

    private static long memoryKilobytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/meminfo")).stream()
                .filter(line -> line.startsWith("MemTotal"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .sum();
    }

    @Test
    void moreMemoryThanThereIsIsAnOutOfMemoryError() {
        long before = Tensor.liveBytes();
        OutOfMemoryError error = assertThrows(OutOfMemoryError.class, () -> Tensor.zeros(Shape.of(1L << 60)));
        assertTrue(error.getMessage().contains("" + (1L << 62)), error.getMessage());
        assertThrows(OutOfMemoryError.class, () -> Tensor.zeros(Shape.of((1L << 61) - 1)));
        assertEquals(before, Tensor.liveBytes());
        assertDoesNotThrow(() -> Tensor.zeros(Shape.of(1)).close());
    }

    @Test
    void whoIsInterruptedWhileNoMemoryIsFoundStaysInterrupted() {
        Thread.currentThread().interrupt();
        assertThrows(OutOfMemoryError.class, () -> Tensor.zeros(Shape.of(1L << 60)));
        assertTrue(Thread.interrupted());
    }

    @Test
    void plansOfTheSameLayerIssueEqualLayouts() {
        ConvSpec spec = ConvSpec.builder(17, 33).kernel(3, 3).build();
        ConvSpec flipped =
                ConvCase.copy(spec).orientation(Orientation.CONVOLUTION).build();
        Shape source = Shape.of(2, 17, 9, 8);
        try (ConvPlan a = ConvPlan.create(spec, source);
                ConvPlan b = ConvPlan.create(spec, source);
                ConvPlan c = ConvPlan.create(flipped, source)) {
            assertEquals(a.weightsLayout(), b.weightsLayout());
            assertEquals(a.weightsLayout().hashCode(), b.weightsLayout().hashCode());
            assertEquals(a.sourceLayout(), b.sourceLayout());
            assertEquals(a.sourceLayout().hashCode(), b.sourceLayout().hashCode());
            assertNotEquals(a.weightsLayout(), c.weightsLayout());
            assertTrue(c.weightsLayout().isOpaque(), "a flipped kernel is always packed");
            assertTrue(c.weightsLayout().fits(c.weightsShape()));
            assertFalse(c.weightsLayout().fits(Shape.of(33, 17, 3, 4)));
        }
        ConvSpec local =
                ConvSpec.builder(4, 4).kernel(3).sharing(Sharing.local()).build();
        ConvSpec pointwise = ConvCase.copy(local).kernel(1).build();
        try (ConvPlan a = ConvPlan.create(local, Shape.of(1, 4, 9));
                ConvPlan b = ConvPlan.create(pointwise, Shape.of(1, 4, 7))) {
            assertNotEquals(a.weightsLayout(), b.weightsLayout());
        }
    }

    @Test
    void aBufferOfTheSizeThatALayoutSaysHoldsATensor() {
        ConvSpec spec = ConvSpec.builder(17, 33).kernel(3, 3).build();
        try (ConvPlan plan = ConvPlan.create(spec, Shape.of(2, 17, 9, 8))) {
            Shape shape = plan.weightsShape();
            Layout layout = plan.weightsLayout();
            int bytes = (int) layout.sizeBytes(shape);
            ByteBuffer buffer = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
            Tensor.view(buffer, shape, layout).close();
            assertThrows(
                    IllegalArgumentException.class,
                    () -> Tensor.view(buffer.limit(bytes - 4).slice(), shape, layout));
            assertThrows(IllegalArgumentException.class, () -> layout.sizeBytes(Shape.of(33, 17, 3, 4)));
            assertEquals(24, Layout.CHANNELS_LAST.sizeBytes(Shape.of(2, 3)));
        }
    }

    @Test
    void twoLayoutsAreKnownToEveryone() {
        assertFalse(Layout.CHANNELS_FIRST.isOpaque());
        assertFalse(Layout.CHANNELS_LAST.isOpaque());
        assertNotEquals(Layout.CHANNELS_FIRST, Layout.CHANNELS_LAST);
        assertEquals("channels_first", Layout.CHANNELS_FIRST.toString());
        assertEquals("channels_last", Layout.CHANNELS_LAST.toString());
        for (Layout layout : List.of(Layout.CHANNELS_FIRST, Layout.CHANNELS_LAST)) {
            assertTrue(layout.fits(Shape.of(1)));
            assertTrue(layout.fits(Shape.of(1, 2, 3, 4, 5, 6, 7)));
        }
    }

    @Test
    void aViewIsOfNoUseWithoutItsArena() {
        assumeTrue(Arenas.exist());
        Shape shape = Shape.of(2, 3);
        Arenas arena = Arenas.shared();
        ByteBuffer buffer = arena.buffer(shape.elements() * Float.BYTES);
        try (Tensor view = Tensor.view(buffer, shape);
                Tensor floats = Tensor.view(buffer.asFloatBuffer(), shape);
                Tensor empty = Tensor.view(buffer, Shape.of(0, 3))) {
            view.copyFrom(new float[] {1, 2, 3, 4, 5, 6});
            assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, floats.toFloatArray());

            arena.close();

            for (Tensor tensor : List.of(view, floats, empty)) {
                assertThrows(IllegalStateException.class, tensor::toFloatArray);
            }
            assertThrows(IllegalStateException.class, () -> Tensor.view(buffer, shape));
        }
    }

    @Test
    void aViewIsOpenToTheThreadsOfItsArena() throws Exception {
        assumeTrue(Arenas.exist());
        Shape shape = Shape.of(2, 3);
        try (Arenas confined = Arenas.confined();
                Arenas shared = Arenas.shared();
                Tensor own = Tensor.view(confined.buffer(shape.elements() * Float.BYTES), shape);
                Tensor common = Tensor.view(shared.buffer(shape.elements() * Float.BYTES), shape)) {
            assertArrayEquals(new float[6], own.toFloatArray());
            CompletableFuture.runAsync(() -> {
                        assertArrayEquals(new float[6], common.toFloatArray());
                        Exception refused = assertThrows(IllegalStateException.class, own::toFloatArray);
                        assertTrue(refused.getMessage().startsWith("tensor: expected"), refused.getMessage());
                    })
                    .get();
        }
    }
}
