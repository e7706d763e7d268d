package io.conv4j.benchmarks;

import io.conv4j.memory.DataType;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Compares this library's default plans with the fastest of a peer's ways. */
final class Comparison {
    /** How long a way is tried before one is chosen. */
    private static final Turns TRIAL = new Turns(3, 5, 0.01);

    private final int threads;
    private final Turns turns;

    Comparison(int threads, Turns turns) {
        this.threads = threads;
        this.turns = turns;
    }

    /** Gives the rows of a layer, one per pass and type of weights, to the consumer as they come. */
    void compare(Peer peer, Layer layer, long batch, Consumer<Row> rows) {
        List<Peer.Way> ways = peer.ways(layer, batch, threads);
        Map<Pass, Peer.Way> fastest = ways.size() == 1 ? same(ways.get(0)) : fastest(ways, peer.goesOneWay());
        try (Ours ours = new Ours(layer, batch, threads, DataType.F32)) {
            for (Pass pass : Pass.values()) {
                rows.accept(row(peer, layer, batch, pass, fastest.get(pass), ours, DataType.F32));
            }
        }
        if (layer.op() == Layer.Op.LOCAL) {
            // Half the bytes of weights, for inference; theirs stay as they are.
            try (Ours ours = new Ours(layer, batch, threads, DataType.BF16)) {
                rows.accept(row(peer, layer, batch, Pass.FORWARD, fastest.get(Pass.FORWARD), ours, DataType.BF16));
            }
        }
    }

    private Row row(Peer peer, Layer layer, long batch, Pass pass, Peer.Way way, Ours ours, DataType weightsType) {
        try (Side our = ours.side(pass);
                Side their = way.maker().side(pass)) {
            double[][] seconds = turns.take(our, their);
            String how = way.how() + their.detail();
            return Row.of(peer, how, layer, pass, batch, weightsType, threads, seconds[0], seconds[1]);
        }
    }

    private static Map<Pass, Peer.Way> fastest(List<Peer.Way> ways, boolean oneWay) {
        double[][] seconds = new double[ways.size()][Pass.values().length];
        for (int i = 0; i < seconds.length; i++) {
            for (Pass pass : Pass.values()) {
                try (Side side = ways.get(i).maker().side(pass)) {
                    seconds[i][pass.ordinal()] =
                            side == null ? Double.POSITIVE_INFINITY : Statistics.median(TRIAL.take(side)[0]);
                }
            }
        }
        if (oneWay) {
            return same(ways.get(least(Arrays.stream(seconds)
                    .mapToDouble(passes -> Arrays.stream(passes).sum())
                    .toArray())));
        }
        Map<Pass, Peer.Way> fastest = new EnumMap<>(Pass.class);
        for (Pass pass : Pass.values()) {
            fastest.put(
                    pass,
                    ways.get(least(Arrays.stream(seconds)
                            .mapToDouble(passes -> passes[pass.ordinal()])
                            .toArray())));
        }
        return fastest;
    }

    private static Map<Pass, Peer.Way> same(Peer.Way way) {
        Map<Pass, Peer.Way> ways = new EnumMap<>(Pass.class);
        for (Pass pass : Pass.values()) {
            ways.put(pass, way);
        }
        return ways;
    }

    private static int least(double[] values) {
        int least = 0;
        for (int i = 1; i < values.length; i++) {
            if (values[i] < values[least]) {
                least = i;
            }
        }
        return least;
    }
}
