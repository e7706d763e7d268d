package io.conv4j.internal.binding;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/** Waits however often the thread is interrupted meanwhile, and leaves it interrupted then. */
final class Waiting {
    private Waiting() {}

    /** Until it is done; throws what it threw, with the frames of this thread after those of its own. */
    static void uninterruptedly(Future<?> future) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    future.get();
                    return;
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    Waiting.<RuntimeException>rethrow(e.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void rethrow(Throwable cause) throws T {
        cause.setStackTrace(Stream.of(cause, new Throwable())
                .flatMap(throwable -> Stream.of(throwable.getStackTrace()))
                .toArray(StackTraceElement[]::new));
        throw (T) cause;
    }
}
