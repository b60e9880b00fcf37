import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Writes to partition 0 of a topic what its arguments say, one after another, and ends as if killed: what is open stays so.
 * Each record is a batch of its own. Arguments: bootstrap servers, topic, and
 *
 *   commit:id:a=1,b=2    abort:id:a=1,b=    (no value: a tombstone)    open:id:a=1    plain::a=1    batch:id:a=1,b=2    init:id:
 *
 * where plain is no transaction, batch one that is committed with all its records in one batch, and init only takes the id.
 */
public final class TransactionScript {
  private static final Map<String, KafkaProducer<String, String>> producers = new HashMap<>();

  public static void main(String[] args) throws Exception {
    for (int n = 2; n < args.length; n++) {
      String[] parts = args[n].split(":", 3);
      run(args[0], args[1], parts[0], parts[1], parts[2].split(","));
    }
    Runtime.getRuntime().halt(0);
  }

  private static void run(String bootstrap, String topic, String what, String id, String[] records) throws Exception {
    KafkaProducer<String, String> producer = producers.computeIfAbsent(id, name -> begun(bootstrap, name));
    if (what.equals("init")) return;
    if (!id.isEmpty()) producer.beginTransaction();
    List<Future<?>> sent = new ArrayList<>();
    for (String record : records) {
      String[] pair = record.split("=", 2);
      var one = producer.send(new ProducerRecord<>(topic, 0, pair[0], pair[1].isEmpty() ? null : pair[1]));
      if (what.equals("batch")) sent.add(one);
      else one.get();
    }
    producer.flush();
    for (var one : sent) one.get();
    if (what.equals("commit") || what.equals("batch")) producer.commitTransaction();
    if (what.equals("abort")) producer.abortTransaction();
    if (!id.isEmpty() && !what.equals("open")) awaitMarkers(bootstrap, id);
  }

  /** A commit is answered when it is decided; what comes next is to stand behind its marker. */
  private static void awaitMarkers(String bootstrap, String id) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      for (;;) {
        var state = admin.describeTransactions(List.of(id)).description(id).get().state();
        if (state == TransactionState.COMPLETE_COMMIT || state == TransactionState.COMPLETE_ABORT) return;
        Thread.sleep(10);
      }
    }
  }

  private static KafkaProducer<String, String> begun(String bootstrap, String id) {
    Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "linger.ms", 100));
    if (!id.isEmpty()) config.put("transactional.id", id);
    var producer = new KafkaProducer<>(config, new StringSerializer(), new StringSerializer());
    if (!id.isEmpty()) producer.initTransactions();
    return producer;
  }

  private TransactionScript() {}
}
