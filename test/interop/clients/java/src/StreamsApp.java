import java.io.File;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.TimeWindows;

/**
 * Counts by key (through a repartition topic), counts by window, and joins a stream with a table and with a stream,
 * exactly once. Arguments: bootstrap servers, state folder, prefix of the topics.
 *
 *   orders    customer → order            counts    customer → how many orders
 *   names     customer → name (a table)   windows   customer@start → how many orders in the window
 *   payments  order → paid                named     customer → order:name
 *                                         paid      order → paid
 */
public final class StreamsApp {
  private static final Duration WINDOW = Duration.ofSeconds(10);

  public static void main(String[] args) {
    String prefix = args[2];
    Properties config = new Properties();
    config.putAll(Map.of(
        StreamsConfig.APPLICATION_ID_CONFIG, prefix + "-app",
        StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0],
        StreamsConfig.STATE_DIR_CONFIG, new File(args[1]).getAbsolutePath(),
        StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2,
        StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100,
        StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class,
        StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class,
        StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0));
    config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
    config.put("auto.offset.reset", "earliest");
    config.put("session.timeout.ms", 6000); // an application that was killed is missed soon
    config.put("heartbeat.interval.ms", 500);
    config.put("producer.transaction.timeout.ms", 5000);
    config.put("reconnect.backoff.max.ms", 500);

    KafkaStreams streams = new KafkaStreams(topology(prefix).build(), config);
    streams.setStateListener((now, before) -> System.out.println("state " + now));
    streams.setUncaughtExceptionHandler(error -> {
      System.out.println("error " + error);
      return org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.REPLACE_THREAD;
    });
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
  }

  private static StreamsBuilder topology(String prefix) {
    StreamsBuilder builder = new StreamsBuilder();
    var strings = Consumed.with(Serdes.String(), Serdes.String());
    KStream<String, String> orders = builder.stream(prefix + "-orders", strings);

    // the key is the same, but a groupBy does not know: the records go through a topic of their own
    orders.groupBy((customer, order) -> customer, Grouped.as("by-customer"))
        .count(Materialized.as("counts"))
        .toStream().mapValues(String::valueOf).to(prefix + "-counts");

    orders.groupByKey()
        .windowedBy(TimeWindows.ofSizeWithNoGrace(WINDOW))
        .count(Materialized.as("windows"))
        .toStream((window, count) -> window.key() + "@" + window.window().start())
        .mapValues(String::valueOf).to(prefix + "-windows");

    orders.join(builder.table(prefix + "-names", strings), (order, name) -> order + ":" + name).to(prefix + "-named");

    orders.selectKey((customer, order) -> order)
        .join(builder.stream(prefix + "-payments", strings), (customer, paid) -> paid,
            JoinWindows.ofTimeDifferenceWithNoGrace(Duration.ofDays(1)),
            StreamJoined.as("paid"))
        .to(prefix + "-paid");
    return builder;
  }

  private StreamsApp() {}
}
