package io.conv4j.benchmarks;

import java.util.List;

/** What this library is compared with. Those that a Maven profile brings are found by {@link java.util.ServiceLoader}. */
interface Peer {
    /** One of several ways to compute a layer. */
    record Way(String how, Maker maker) {}

    /** Makes one pass ready; null where this way has no such pass. */
    interface Maker {
        PeerSide side(Pass pass);
    }

    /** One whose numbers can be looked at, for whoever doubts that it computes the layer. */
    interface PeerSide extends Side {
        /** An operand of the layer in the order of this library's shapes; the pass's result is that of another call. */
        float[] numbers(Operand operand);
    }

    /** As in {@link Row#theirs()}. */
    String name();

    /** As in {@link Row#question()}. */
    String question();

    /** Whether it can compute such layers. */
    boolean takes(Layer layer);

    /** Whether all passes of a layer must go one way, for its operands stay in that way's layouts. */
    boolean goesOneWay();

    /** The ways, of which the fastest counts. */
    List<Way> ways(Layer layer, long batch, int threads);
}
