package io.conv4j.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.conv4j.NewJvm;
import io.conv4j.internal.binding.ThreadLease;
import io.conv4j.memory.Layout;
import io.conv4j.memory.Tensor;
import io.conv4j.reference.Numbers;
import io.conv4j.spec.BiasMode;
import io.conv4j.spec.ConvSpec;
import io.conv4j.spec.Padding;
import io.conv4j.spec.Shape;
import io.conv4j.spec.Sharing;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfEnvironmentVariable;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConcurrencyTest {
    private static final int CALLERS = 100;

    private static final ConvSpec LAYER = ConvSpec.builder(16, 17)
            .kernel(3, 3)
            .padding(Padding.same())
            .bias(BiasMode.CHANNEL)
            .build();
    private static final Shape SOURCE = Shape.of(2, 16, 9, 10);

    /** Positions past the last tap, which take a detour in native code. */
    private static final ConvSpec TRANSPOSED_LAYER = ConvSpec.builder(16, 17)
            .kernel(3, 3)
            .dilation(2)
            .outputPadding(1)
            .bias(BiasMode.CHANNEL)
            .build();

    private static PlanOptions threads(int threads) {
        return PlanOptions.builder().threads(threads).build();
    }

    private static float[] source(Plan plan) {
        return Numbers.FLOATS.fill(plan.sourceShape(), 1);
    }

    private static float[] weights(Plan plan) {
        return Numbers.FLOATS.fill(plan.weightsShape(), 2);
    }

    private static float[] bias(Plan plan) {
        return Numbers.FLOATS.fill(plan.biasShape(), 3);
    }

    private static float[][] allPasses(Plan plan) {
        return allPasses(plan, Numbers.FLOATS);
    }

    private static float[][] allPasses(Plan plan, Numbers numbers) {
        ArrayPlan passes = new ArrayPlan(plan);
        float[] x = numbers.fill(plan.sourceShape(), 1);
        float[] w = numbers.fill(plan.weightsShape(), 2);
        float[] b = numbers.fill(plan.biasShape(), 3);
        float[] dy = numbers.fill(plan.outputShape(), 4);
        return new float[][] {
            passes.forward(x, w, b), passes.backwardData(dy, w), passes.backwardWeights(x, dy), passes.backwardBias(dy)
        };
    }

    private interface Body {
        void run() throws Exception;
    }

    /** Runs the body on so many threads at once, and fails with the first failure of any. */
    private static void onThreads(int count, Body body) throws InterruptedException {
        CountDownLatch start = new CountDownLatch(1);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Thread thread = new Thread(() -> {
                try {
                    start.await();
                    body.run();
                } catch (Throwable e) {
                    failure.compareAndSet(null, e);
                }
            });
            thread.start();
            threads.add(thread);
        }
        start.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        if (failure.get() != null) {
            throw new AssertionError("on one of " + count + " threads", failure.get());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void aHundredThreadsOnOnePlanGetTheSameBits(int threads) throws Exception {
        try (Plan plan = ConvPlan.create(LAYER, SOURCE, threads(threads));
                Plan transposed = TransposedConvPlan.create(TRANSPOSED_LAYER, SOURCE, threads(threads))) {
            for (Plan each : List.of(plan, transposed)) {
                float[][] expected = allPasses(each);
                onThreads(CALLERS, () -> {
                    float[][] actual = allPasses(each);
                    for (int pass = 0; pass < expected.length; pass++) {
                        assertArrayEquals(expected[pass], actual[pass], "pass " + pass);
                    }
                });
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void plansAreMadeAndUsedOnManyThreadsAtOnce(int threads) throws Exception {
        try (Plan first = ConvPlan.create(LAYER, SOURCE, threads(threads))) {
            float[][] expected = allPasses(first);
            onThreads(16, () -> {
                try (Plan plan = ConvPlan.create(LAYER, SOURCE, threads(threads));
                        Plan other = plan.withBatch(1)) {
                    assertEquals(first.weightsLayout(), other.weightsLayout());
                    float[][] actual = allPasses(plan);
                    for (int pass = 0; pass < expected.length; pass++) {
                        assertArrayEquals(expected[pass], actual[pass], "pass " + pass);
                    }
                }
            });
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void closingAPlanWhileCallsRunEndsThemInOrder(int threads) throws Exception {
        long before = Tensor.liveBytes();
        for (int round = 0; round < 10; round++) {
            Plan plan = ConvPlan.create(LAYER, SOURCE, threads(threads));
            try (Tensor x = Tensor.of(source(plan), plan.sourceShape());
                    Tensor w = Tensor.of(weights(plan), plan.weightsShape());
                    Tensor b = Tensor.of(bias(plan), plan.biasShape())) {
                closeWhileCalled(plan, () -> plan.forward(x, w, b).close());
                assertThrows(IllegalStateException.class, () -> plan.forward(x, w, b));
            }
            assertEquals(before, Tensor.liveBytes(), "live bytes after round " + round);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void closingATensorWhileCallsRunEndsThemInOrder(int threads) throws Exception {
        try (Plan plan = ConvPlan.create(LAYER, SOURCE, threads(threads));
                Tensor w = Tensor.of(weights(plan), plan.weightsShape());
                Tensor b = Tensor.of(bias(plan), plan.biasShape())) {
            for (int round = 0; round < 10; round++) {
                Tensor x = Tensor.of(source(plan), plan.sourceShape());
                closeWhileCalled(x, () -> plan.forward(x, w, b).close());
            }
        }
    }

    /** Closes it once each of four threads has called twice; all must end with the exception for what is closed. */
    private static void closeWhileCalled(AutoCloseable closed, Body call) throws Exception {
        CountDownLatch running = new CountDownLatch(8);
        AtomicInteger ended = new AtomicInteger();
        Thread closer = new Thread(() -> {
            try {
                running.await();
                closed.close();
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        });
        closer.start();
        onThreads(4, () -> {
            try {
                while (true) {
                    call.run();
                    running.countDown();
                }
            } catch (IllegalStateException e) {
                assertTrue(e.getMessage().endsWith("expected it open but it is closed"), e.getMessage());
                ended.incrementAndGet();
            }
        });
        closer.join();
        assertEquals(4, ended.get());
    }

    /** The weights are so large that closing unmaps them: a call that went on reading would end the JVM. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void closingAnyOperandWhileCallsRunEndsThemInOrder(int threads) throws Exception {
        ConvSpec spec = ConvSpec.builder(16, 16)
                .kernel(3, 3)
                .sharing(Sharing.local())
                .bias(BiasMode.POSITION)
                .build();
        try (Plan plan = ConvPlan.create(spec, Shape.of(1, 16, 66, 66), threads(threads))) {
            for (int operand = 0; operand < 4; operand++) {
                try (Tensor x = Tensor.zeros(plan.sourceShape());
                        Tensor w = Tensor.zeros(plan.weightsShape(), plan.weightsLayout());
                        Tensor b = Tensor.zeros(plan.biasShape());
                        Tensor y = Tensor.zeros(plan.outputShape())) {
                    Tensor closed = List.of(x, w, b, y).get(operand);
                    closeWhileCalled(closed, () -> plan.forwardInto(x, w, b, y));
                }
            }
        }
    }

    @Test
    void closingAPlanWhileOthersAreMadeOfItEndsThemInOrder() throws Exception {
        Plan plan = ConvPlan.create(LAYER, SOURCE, threads(1));
        closeWhileCalled(plan, () -> plan.withBatch(1).close());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void anInterruptedCallerGetsItsResultAndKeepsItsFlag(int threads) throws Exception {
        // From here on this thread or another one that lives holds the lease, and a new thread has to hand over.
        ThreadLease.runsDirectly(threads);
        try (Plan plan = ConvPlan.create(LAYER, SOURCE, threads(threads))) {
            float[][] expected = allPasses(plan);
            onThreads(4, () -> {
                Thread.currentThread().interrupt();
                float[][] actual = allPasses(plan);
                assertTrue(Thread.interrupted());
                assertArrayEquals(expected[0], actual[0]);
            });
        }
    }

    @Test
    void anErrorOfAnotherThreadSaysWhoCalled() {
        Runnable call = () -> {
            throw new IllegalStateException();
        };
        Throwable error = assertThrows(IllegalStateException.class, () -> ThreadLease.handOver(call));
        List<String> methods = Arrays.stream(error.getStackTrace())
                .map(StackTraceElement::getMethodName)
                .toList();
        assertTrue(methods.contains("anErrorOfAnotherThreadSaysWhoCalled"), methods::toString);
    }

    @Test
    void forgottenPlansAreFreed() throws InterruptedException {
        long before = Tensor.liveBytes();
        forget();
        assertTrue(Tensor.liveBytes() > before, "a plan that was used keeps a workspace");
        awaitLiveBytes(before);
    }

    private static void awaitLiveBytes(long expected) throws InterruptedException {
        long deadline = System.nanoTime() + 60_000_000_000L;
        while (Tensor.liveBytes() != expected && System.nanoTime() < deadline) {
            System.gc();
            Thread.sleep(10);
        }
        assertEquals(expected, Tensor.liveBytes());
    }

    private static void forget() {
        allPasses(ConvPlan.create(LAYER, SOURCE, threads(1)));
    }

    /**
     * In JVMs of their own, where the library starts from nothing: it adds at most twice as many threads as the largest
     * plan has, however many call.
     */
    @Test
    @EnabledOnOs(OS.LINUX)
    void aHundredCallersAddNoMoreThreadsThanTwoTeams() throws Exception {
        int added = Integer.parseInt(inNewJvm("callers stay"));
        assertTrue(added >= 8 - 1, () -> "only " + added + " threads were added, so that nothing was measured");
        assertTrue(added <= 2 * 8, () -> added + " threads were added");
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void callersThatComeAndGoLeaveNoThreadsBehind() throws Exception {
        int added = Integer.parseInt(inNewJvm("callers go"));
        assertTrue(added <= 2 * 8, () -> added + " threads were added");
    }

    @Test
    void theLeasePassesOnWhenItsHolderEnds() throws Exception {
        assertEquals(
                "first true, second meanwhile false, of one thread true, second afterwards true", inNewJvm("lease"));
    }

    /** They wander over carriers, each of which would get a team. */
    @Test
    @EnabledForJreRange(min = JRE.JAVA_21)
    void aVirtualThreadHandsOverThoughTheLeaseIsFree() throws Exception {
        assertEquals("directly false, agrees true", inNewJvm("virtual thread"));
    }

    /** A call that overflows while it hands over must leave the way free for others. */
    @Test
    void callsOnAFullStackFailAndLaterOnesDoNot() throws Exception {
        assertEquals("overflowed true, ends true", inNewJvm("full stack"));
    }

    /**
     * What a call holds it must let go, though that may take more of the stack than to take hold. Interpreted: frames of
     * compiled code change their size while a call runs.
     */
    @Test
    void callsOnAFullStackLeaveNothingInUse() throws Exception {
        assertEquals("overflowed true, then freed", inNewJvm("uses", Map.of(), "-Xint"));
    }

    /** The OpenMP runtime would end the JVM. AddressSanitizer needs more address space than is left here. */
    @Test
    @EnabledOnOs(OS.LINUX)
    @DisabledIfEnvironmentVariable(named = "LD_PRELOAD", matches = ".*asan.*")
    void threadsForWhichThereIsNoRoomAreAnError() throws Exception {
        assertEquals("refused true, then run", inNewJvm("no room"));
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    @DisabledIfEnvironmentVariable(named = "LD_PRELOAD", matches = ".*asan.*")
    void theFirstTensorMayFailForWantOfAThreadAndTheNextOneDoesNot() throws Exception {
        assertEquals("refused true, then made", inNewJvm("no cleaner", Map.of(), "-Xlog:disable", "-Xss64m"));
    }

    /** Loops of oneDNN wait for threads that the runtime withholds. */
    @ParameterizedTest
    @ValueSource(strings = {"OMP_THREAD_LIMIT=3", "OMP_DYNAMIC=true", "OMP_MAX_ACTIVE_LEVELS=0", "OMP_NUM_THREADS=2"})
    void whatTheEnvironmentSaysOfThreadsIsNoHindrance(String setting) throws Exception {
        String[] pair = setting.split("=");
        assertEquals("agrees true", inNewJvm("many threads", Map.of(pair[0], pair[1])));
    }

    /** It would keep the library's class loader. */
    @Test
    void theDriverEndsWhenIdleAndComesBack() throws Exception {
        assertEquals("lives true, then ends true, then lives true", inNewJvm("idle driver"));
    }

    /** They do not fill the Java heap, so that nothing else would have it collected. */
    @Test
    void forgottenTensorsAreFreedBeforeTheyAreManyTimesTheHeap() throws Exception {
        assertEquals("few true", inNewJvm("forgotten tensors", Map.of(), "-Xmx64m"));
    }

    @Test
    void alsoAfterManyWereInUse() throws Exception {
        assertEquals("few true", inNewJvm("forgotten tensors after others", Map.of(), "-Xmx64m"));
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    @DisabledIfEnvironmentVariable(named = "LD_PRELOAD", matches = ".*asan.*")
    void forgottenTensorsAreFreedForThoseThatHaveNoRoom() throws Exception {
        assertEquals("few true", inNewJvm("forgotten tensors in little room", Map.of(), "-Xmx2g"));
    }

    private static String inNewJvm(String scenario) throws Exception {
        return inNewJvm(scenario, Map.of());
    }

    private static String inNewJvm(String scenario, Map<String, String> environment, String... options)
            throws Exception {
        List<String> arguments = new ArrayList<>(List.of(options));
        arguments.addAll(List.of(
                // The JVM's own threads are counted first, and must stay as many.
                "-XX:+UseSerialGC",
                "-XX:-UseDynamicNumberOfCompilerThreads",
                "-cp",
                System.getProperty("java.class.path"),
                Scenario.class.getName(),
                scenario));
        return NewJvm.run(environment, arguments).strip();
    }

    /** Ends although plans are left open and the library's threads live: they are daemons. */
    static final class Scenario {
        private static final ConvSpec SPEC =
                ConvSpec.builder(16, 16).kernel(3, 3).build();
        private static final Shape SHAPE = Shape.of(8, 16, 20, 20);

        public static void main(String[] args) throws Exception {
            System.out.println(
                    switch (args[0]) {
                        case "callers stay" -> callersStay();
                        case "callers go" -> callersGo();
                        case "lease" -> lease();
                        case "full stack" -> fullStack();
                        case "uses" -> uses();
                        case "no room" -> noRoom();
                        case "no cleaner" -> noCleaner();
                        case "many threads" -> manyThreads();
                        case "idle driver" -> idleDriver();
                        case "forgotten tensors" -> forgottenTensors();
                        case "forgotten tensors after others" -> forgottenTensorsAfterOthers();
                        case "forgotten tensors in little room" -> forgottenTensorsInLittleRoom();
                        default -> virtualThread();
                    });
        }

        /** Two threads come with the first tensor: the cleaner's, and one that JavaCPP starts in any program. */
        private static int osThreadsBeforeTheFirstPlan() {
            Tensor.zeros(Shape.of(1)).close();
            return osThreads();
        }

        private static int osThreads() {
            return new File("/proc/self/task").list().length;
        }

        private static void call(Plan plan) {
            try (Tensor x = Tensor.zeros(plan.sourceShape());
                    Tensor w = Tensor.zeros(plan.weightsShape());
                    Tensor y = plan.forward(x, w)) {
                y.toFloatArray();
            }
        }

        private static int callersStay() throws InterruptedException {
            CountDownLatch called = new CountDownLatch(CALLERS);
            CountDownLatch counted = new CountDownLatch(1);
            AtomicReference<Plan> plan = new AtomicReference<>();
            CountDownLatch ready = new CountDownLatch(1);
            for (int i = 0; i < CALLERS; i++) {
                Thread caller = new Thread(() -> {
                    try {
                        ready.await();
                        call(plan.get());
                        plan.get().describe();
                        called.countDown();
                        counted.await();
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                });
                caller.setDaemon(true);
                caller.start();
            }
            int before = osThreadsBeforeTheFirstPlan();
            plan.set(ConvPlan.create(SPEC, SHAPE, threads(8)));
            ready.countDown();
            called.await();
            int added = osThreads() - before;
            counted.countDown();
            return added;
        }

        private static int callersGo() throws InterruptedException {
            int before = osThreadsBeforeTheFirstPlan();
            Plan large = ConvPlan.create(SPEC, SHAPE, threads(8));
            Plan small = ConvPlan.create(SPEC, SHAPE, threads(3));
            int most = 0;
            for (int i = 0; i < 20; i++) {
                Plan plan = i % 2 == 0 ? large : small;
                Thread caller = new Thread(() -> call(plan));
                caller.start();
                caller.join();
                // The threads that a smaller team does not need end in their own time.
                for (int j = 0; j < 1000 && osThreads() - before > 2 * 8; j++) {
                    Thread.sleep(10);
                }
                most = Math.max(most, osThreads() - before);
            }
            return most;
        }

        private static String lease() throws InterruptedException {
            CountDownLatch asked = new CountDownLatch(1);
            CountDownLatch end = new CountDownLatch(1);
            AtomicReference<Boolean> first = new AtomicReference<>();
            Thread holder = new Thread(() -> {
                first.set(ThreadLease.runsDirectly(2));
                asked.countDown();
                try {
                    end.await();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
            holder.start();
            asked.await();
            boolean meanwhile = ThreadLease.runsDirectly(2);
            boolean ofOne = ThreadLease.runsDirectly(1);
            end.countDown();
            holder.join();
            return "first " + first.get() + ", second meanwhile " + meanwhile + ", of one thread " + ofOne
                    + ", second afterwards "
                    + ThreadLease.runsDirectly(2);
        }

        private static String idleDriver() throws InterruptedException {
            try (Plan plan = ConvPlan.create(SPEC, SHAPE, threads(2))) {
                call(plan); // so that this thread holds the lease
                ends(new Thread(() -> call(plan)));
                String lives = "lives " + driverLives();
                for (int i = 0; i < 600 && driverLives(); i++) {
                    Thread.sleep(100);
                }
                String ends = ", then ends " + !driverLives();
                ends(new Thread(() -> call(plan)));
                return lives + ends + ", then lives " + driverLives();
            }
        }

        private static boolean driverLives() {
            return Thread.getAllStackTraces().keySet().stream()
                    .anyMatch(thread -> thread.getName().equals("conv4j-driver"));
        }

        /** 2 GB of them. */
        private static String forgottenTensors() {
            long most = 0;
            for (int i = 0; i < 128; i++) {
                Tensor.zeros(Shape.of(4 << 20));
                most = Math.max(most, Tensor.liveBytes());
            }
            return "few " + (most < 512 << 20);
        }

        private static String forgottenTensorsAfterOthers() {
            List<Tensor> used = new ArrayList<>();
            for (int i = 0; i < 64; i++) {
                used.add(Tensor.zeros(Shape.of(4 << 20)));
            }
            used.forEach(Tensor::close);
            return forgottenTensors();
        }

        private static String forgottenTensorsInLittleRoom() throws IOException, InterruptedException {
            Tensor.zeros(Shape.of(1)).close();
            limitMemory("" + (usedBytes() + (256L << 20)));
            return forgottenTensors();
        }

        private static String manyThreads() {
            ConvSpec spec =
                    ConvSpec.builder(32, 64).kernel(3, 3).bias(BiasMode.CHANNEL).build();
            Shape shape = Shape.of(4, 32, 14, 14);
            boolean agrees = true;
            for (Implementation implementation : List.of(Implementation.ONEDNN, Implementation.KERNELS)) {
                float[][][] results = new float[2][][];
                for (int i = 0; i < 2; i++) {
                    PlanOptions options = PlanOptions.builder()
                            .implementation(implementation)
                            .threads(1 + 3 * i)
                            .build();
                    try (Plan plan = ConvPlan.create(spec, shape, options)) {
                        results[i] = allPasses(plan, Numbers.INTEGERS);
                    }
                }
                agrees &= Arrays.deepEquals(results[0], results[1]);
            }
            return "agrees " + agrees;
        }

        private static String noRoom() throws IOException, InterruptedException {
            try (Plan many = ConvPlan.create(SPEC, SHAPE, threads(1024));
                    Plan some = ConvPlan.create(SPEC, SHAPE, threads(200));
                    Plan few = ConvPlan.create(SPEC, SHAPE, threads(2))) {
                call(few);
                long limit = usedBytes() + (256L << 20);
                call(some);
                call(few); // which has the threads that some have left end, in their own time
                for (int i = 0; i < 6000 && usedBytes() > limit; i++) {
                    ends(new Thread(() -> {})); // which frees the stacks of those that have
                    Thread.sleep(10);
                }
                limitMemory("" + limit);
                boolean refused = true;
                for (Plan plan : List.of(some, many)) {
                    try {
                        call(plan);
                        refused = false;
                    } catch (OutOfMemoryError e) {
                        refused &= e.getMessage().startsWith("threads: expected room for ");
                    }
                }
                call(few);
                return "refused " + refused + ", then run";
            }
        }

        private static String noCleaner() throws IOException, InterruptedException {
            Tensor.liveBytes(); // so that the library is loaded
            limitMemory(usedBytes() + (16 << 20) + ":"); // of no use to a thread, enough to start prlimit
            boolean refused = false;
            try {
                Tensor.zeros(Shape.of(1)).close();
            } catch (OutOfMemoryError e) {
                refused = true;
            }
            limitMemory("unlimited:");
            Tensor.zeros(Shape.of(1)).close();
            return "refused " + refused + ", then made";
        }

        private static long usedBytes() throws IOException {
            return Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith("VmSize"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                    .sum();
        }

        private static void limitMemory(String limit) throws IOException, InterruptedException {
            new ProcessBuilder("prlimit", "--pid=" + ProcessHandle.current().pid(), "--as=" + limit)
                    .inheritIO()
                    .start()
                    .waitFor();
        }

        private static String fullStack() throws InterruptedException {
            try (Plan plan = ConvPlan.create(SPEC, SHAPE, threads(2))) {
                call(plan); // so that this thread holds the lease
                AtomicInteger overflowed = new AtomicInteger();
                boolean ends = true;
                for (int i = 0; i < 10 && ends; i++) {
                    ends = ends(new Thread(
                            null, () -> dive(() -> call(plan), new AtomicInteger(400), overflowed), "", 1 << 20));
                }
                return "overflowed " + (overflowed.get() > 0) + ", ends "
                        + (ends && ends(new Thread(() -> call(plan))));
            }
        }

        private static String uses() throws InterruptedException {
            long before = Tensor.liveBytes();
            AtomicInteger overflowed = new AtomicInteger();
            try (Plan plan = ConvPlan.create(SPEC, Shape.of(1, 16, 3, 3), threads(1));
                    Tensor x = Tensor.zeros(plan.sourceShape());
                    Tensor w = Tensor.zeros(plan.weightsShape());
                    Tensor y = plan.forward(x, w)) {
                List<Runnable> calls = List.of(
                        () -> plan.forwardInto(x, w, y),
                        () -> plan.forward(x, w).close(),
                        () -> plan.withBatch(1).close(),
                        () -> x.to(Layout.CHANNELS_LAST).close(),
                        x::toFloatArray);
                for (int i = 0; i < 50; i++) {
                    Runnable call = calls.get(i % calls.size());
                    // At levels that lie differently each time.
                    long stackBytes = (300 << 10) + 64 * i;
                    Thread thread =
                            new Thread(null, () -> dive(call, new AtomicInteger(400), overflowed), "", stackBytes);
                    thread.start();
                    thread.join();
                }
            }
            awaitLiveBytes(before);
            return "overflowed " + (overflowed.get() > 0) + ", then freed";
        }

        private static boolean ends(Thread thread) throws InterruptedException {
            thread.setDaemon(true);
            thread.start();
            thread.join(TimeUnit.SECONDS.toMillis(60));
            return !thread.isAlive();
        }

        /** Calls at each of the last levels before the stack is full. */
        private static void dive(Runnable call, AtomicInteger calls, AtomicInteger overflowed) {
            try {
                dive(call, calls, overflowed);
            } catch (StackOverflowError e) {
                // From here on the way back.
            }
            if (calls.getAndDecrement() > 0) {
                try {
                    call.run();
                } catch (StackOverflowError e) {
                    overflowed.incrementAndGet();
                }
            }
        }

        private static String virtualThread() throws ReflectiveOperationException, InterruptedException {
            try (Plan plan = ConvPlan.create(LAYER, SOURCE, threads(2))) {
                AtomicReference<Boolean> directly = new AtomicReference<>();
                AtomicReference<float[][]> result = new AtomicReference<>();
                Runnable caller = () -> {
                    directly.set(ThreadLease.runsDirectly(2));
                    result.set(allPasses(plan));
                };
                // Java 17 compiles this.
                Thread thread = (Thread) Thread.class
                        .getMethod("startVirtualThread", Runnable.class)
                        .invoke(null, caller);
                thread.join();
                return "directly " + directly.get() + ", agrees " + Arrays.deepEquals(allPasses(plan), result.get());
            }
        }
    }
}
