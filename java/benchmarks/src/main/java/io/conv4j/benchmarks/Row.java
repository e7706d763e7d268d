package io.conv4j.benchmarks;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.conv4j.memory.DataType;
import java.util.Locale;

/**
 * One comparison; a line of JSON.
 *
 * @param question {@code boundary}: what is lost between Java and oneDNN; {@code peer}: how fast is what Java programs can
 *     use instead
 * @param dtype of our weights; theirs are f32
 * @param how the formulation that was theirs
 * @param ratio our time over theirs
 * @param noise how far a side was from itself, the larger over the smaller, of the side that was further
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
record Row(
        String question,
        String op,
        String shape,
        String pass,
        long batch,
        String dtype,
        double oursMs,
        String theirs,
        String how,
        double theirsMs,
        double ratio,
        double noise,
        double[] oursQuartilesMs,
        double[] theirsQuartilesMs,
        int threads) {
    static Row of(
            Peer peer,
            String how,
            Layer layer,
            Pass pass,
            long batch,
            DataType weightsType,
            int threads,
            double[] ours,
            double[] theirs) {
        double oursMs = 1e3 * Statistics.median(ours);
        double theirsMs = 1e3 * Statistics.median(theirs);
        return new Row(
                peer.question(),
                layer.op().toString(),
                layer.name(),
                pass.toString(),
                batch,
                weightsType.toString().toLowerCase(Locale.ROOT),
                oursMs,
                peer.name(),
                how,
                theirsMs,
                oursMs / theirsMs,
                Math.max(Statistics.selfRatio(ours), Statistics.selfRatio(theirs)),
                quartilesMs(ours),
                quartilesMs(theirs),
                threads);
    }

    private static double[] quartilesMs(double[] seconds) {
        return new double[] {1e3 * Statistics.quantile(seconds, 0.25), 1e3 * Statistics.quantile(seconds, 0.75)};
    }
}
