import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;

/** A walk over the AdminClient against one broker: each step says what came of it, as a line of JSON. */
final class Tour implements AutoCloseable {
  final String bootstrap;
  /** Notes which of its methods were called. */
  final Admin admin;
  private final Admin real;
  private final Set<String> called = new TreeSet<>();

  Tour(String bootstrap) {
    this.bootstrap = bootstrap;
    // What is asked of a broker or topic that is not there is given up soon.
    real = Admin.create(config(Map.of("client.id", "tour", "default.api.timeout.ms", 2000, "request.timeout.ms", 2000)));
    admin = (Admin) Proxy.newProxyInstance(Tour.class.getClassLoader(), new Class<?>[] {Admin.class}, (self, method, args) -> {
      called.add(method.getName());
      try {
        return method.invoke(real, args);
      } catch (InvocationTargetException error) {
        throw error.getCause();
      }
    });
  }

  Map<String, Object> config(Map<String, Object> more) {
    Map<String, Object> all = new LinkedHashMap<>(more);
    all.put("bootstrap.servers", bootstrap);
    return all;
  }

  /** Calls, waits and tells. */
  void step(String what, Callable<Object> call) {
    String shown;
    try {
      shown = Show.json(call.call());
    } catch (Exception error) {
      shown = Show.json(error);
    }
    System.out.println("{\"step\":" + Show.quoted(what) + ",\"result\":" + shown + "}");
  }

  interface Condition {
    boolean holds() throws Exception;
  }

  /** Waits until something holds that takes its time on either broker. */
  void until(String what, Condition condition) {
    long deadline = System.currentTimeMillis() + 30_000;
    Exception last = null;
    while (System.currentTimeMillis() < deadline) {
      try {
        if (condition.holds()) return;
        Thread.sleep(50);
      } catch (Exception error) {
        last = error;
      }
    }
    throw new IllegalStateException(what + " is not so within 30 s", last);
  }

  /** The methods of Admin that no step has called. */
  Set<String> notCalled() {
    Set<String> methods = Arrays.stream(Admin.class.getMethods())
        .filter(method -> !method.getReturnType().equals(void.class) && !method.isAnnotationPresent(Deprecated.class))
        .map(method -> method.getName())
        .collect(Collectors.toCollection(TreeSet::new));
    methods.removeAll(called);
    methods.remove("create");
    methods.remove("metrics");
    return methods;
  }

  @Override
  public void close() {
    real.close();
  }
}
