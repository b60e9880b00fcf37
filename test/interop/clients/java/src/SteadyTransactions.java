import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Transactional producers that go on until SIGTERM: three records each time, over the partitions of the topic, and every
 * fourth transaction aborted. Says "committed <value>…", "aborted <value>…", or "failed <error>", and then begins anew
 * with another producer of the same id. Arguments: bootstrap servers, topic, prefix of the ids, how many.
 */
public final class SteadyTransactions {
  private static volatile boolean goesOn = true;

  public static void main(String[] args) throws Exception {
    List<Thread> threads = new ArrayList<>();
    for (int n = 0; n < Integer.parseInt(args[3]); n++) {
      String id = args[2] + n;
      threads.add(new Thread(() -> live(args[0], args[1], id), id));
    }
    threads.forEach(Thread::start);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      goesOn = false;
      threads.forEach(SteadyTransactions::join);
    }));
  }

  private static void live(String bootstrap, String topic, String id) {
    int count = 0;
    while (goesOn) {
      Map<String, Object> config = new HashMap<>(Map.of(
          "bootstrap.servers", bootstrap, "transactional.id", id, "metadata.max.age.ms", 1000));
      try (var producer = new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
        producer.initTransactions();
        while (goesOn) transact(producer, topic, id, ++count);
      } catch (KafkaException error) {
        say("failed " + error);
      }
    }
  }

  private static void transact(KafkaProducer<String, String> producer, String topic, String id, int count) {
    StringBuilder values = new StringBuilder();
    producer.beginTransaction();
    for (int n = 0; n < 3; n++) {
      String value = id + "-" + count + "-" + n;
      producer.send(new ProducerRecord<>(topic, value, value));
      values.append(' ').append(value);
    }
    if (count % 4 == 0) {
      producer.flush();
      producer.abortTransaction();
      say("aborted" + values);
    } else {
      producer.commitTransaction();
      say("committed" + values);
    }
  }

  private static synchronized void say(String line) {
    System.out.println(line);
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
    }
  }

  private SteadyTransactions() {}
}
