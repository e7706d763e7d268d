package io.conv4j.benchmarks;

import java.util.Arrays;

/**
 * Times of sides that take turns, A-B-A-B, so that whatever slows the machine down for a while slows down all of them.
 *
 * @param rounds at least, and at most while the time lasts
 */
record Turns(int rounds, int mostRounds, double seconds) {
    /** A turn is as many calls as take this long together. */
    private static final double TURN = 1e-3;

    private static final int MOST_CALLS = 10_000;

    /** Seconds of a call, one number per round, for each side. */
    double[][] take(Side... sides) {
        int[] calls = new int[sides.length];
        for (int i = 0; i < sides.length; i++) {
            calls[i] = calls(sides[i]);
        }
        double[][] times = new double[sides.length][mostRounds];
        long begin = System.nanoTime();
        int round = 0;
        while (round < rounds || (round < mostRounds && 1e-9 * (System.nanoTime() - begin) < seconds)) {
            for (int i = 0; i < sides.length; i++) {
                if (sides.length > 1) {
                    Processors.awaitQuiet();
                    sides[i].seconds(1); // Its data may have left the caches, its threads may sleep.
                }
                times[i][round] = sides[i].seconds(calls[i]) / calls[i];
            }
            round++;
        }
        for (int i = 0; i < sides.length; i++) {
            times[i] = Arrays.copyOf(times[i], round);
        }
        return times;
    }

    /** How many calls a turn takes; warms the side up. */
    private static int calls(Side side) {
        side.seconds(1);
        double one = side.seconds(1);
        if (one < TURN) {
            // Short calls get compiled first.
            int some = (int) Math.min(MOST_CALLS, Math.ceil(TURN / one));
            side.seconds(some);
            one = side.seconds(some) / some;
        }
        return (int) Math.max(1, Math.min(MOST_CALLS, Math.ceil(TURN / one)));
    }
}
