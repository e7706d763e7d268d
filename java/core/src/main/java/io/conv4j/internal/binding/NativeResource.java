package io.conv4j.internal.binding;

import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The life of something native: an atomic use count with a closed bit. Use after close throws; closing twice does
 * nothing; closing in use returns at once and the last use frees.
 */
public final class NativeResource {
    private static final Cleaner CLEANER = Cleaner.create();
    private static final int CLOSED = Integer.MIN_VALUE;

    private final State state;
    private final Cleaner.Cleanable cleanable;

    /**
     * @param owner the object whose unreachability closes the resource; {@code free} must not refer to it
     * @param free frees; runs once, on whichever thread comes last
     */
    public NativeResource(Object owner, Runnable free) {
        state = new State(free);
        cleanable = CLEANER.register(owner, state);
    }

    /**
     * Begins a use, which {@link #release()} ends.
     *
     * @param name what the caller calls it
     * @throws IllegalStateException if it is closed
     */
    public void acquire(String name) {
        int uses;
        do {
            uses = state.get();
            checkOpen(name, uses);
        } while (!state.compareAndSet(uses, uses + 1));
    }

    /**
     * Checks that uses may begin.
     *
     * @param name what the caller calls it
     * @throws IllegalStateException if it is closed
     */
    public void checkOpen(String name) {
        checkOpen(name, state.get());
    }

    private static void checkOpen(String name, int uses) {
        if (uses < 0) {
            throw new IllegalStateException(name + ": expected it open but it is closed");
        }
    }

    /** Ends a use. */
    public void release() {
        if (state.decrementAndGet() == CLOSED) {
            state.free.run();
        }
    }

    /** Forbids further uses and frees after the last one. */
    public void close() {
        cleanable.clean();
    }

    public boolean isClosed() {
        return state.get() < 0;
    }

    /** The count is the integer itself; apart from the owner, which the cleaner must not reach. */
    private static final class State extends AtomicInteger implements Runnable {
        private static final long serialVersionUID = 1;

        @SuppressWarnings("serial") // never serialized
        private final Runnable free;

        private State(Runnable free) {
            this.free = free;
        }

        @Override
        public void run() {
            if (getAndUpdate(uses -> uses | CLOSED) == 0) {
                free.run();
            }
        }
    }
}
