import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Uuid;

/**
 * Any value of the AdminClient as JSON: by what its accessors give, futures awaited, errors by their class. What a broker
 * makes up (ids, times, places, ports, sizes of disks) and words for people are told only as being there, and what has no
 * order is sorted.
 */
final class Show {
  private static final Set<String> MADE_UP = Set.of(
      "producerId", "consumerId", "memberId", "port", "documentation", "clusterId", "totalBytes", "usableBytes",
      "logEndOffset", "highWatermark", "leaderEpoch", "finalizedFeaturesEpoch");
  private static final Set<String> NO_ACCESSOR = Set.of(
      "hashCode", "toString", "getClass", "notify", "notifyAll", "wait", "clone", "hasRack", "idString", "isDefault");

  static String json(Object value) {
    return json("", value);
  }

  private static String json(String field, Object value) {
    if (value == null) return "null";
    if (value instanceof KafkaFuture<?> future) return json(field, settled(future));
    if (value instanceof Optional<?> some) return some.map(it -> json(field, it)).orElse("null");
    if (value instanceof OptionalLong some) return some.isPresent() ? json(field, some.getAsLong()) : "null";
    if (value instanceof OptionalInt some) return some.isPresent() ? json(field, some.getAsInt()) : "null";
    if (value instanceof Throwable error) return object(Map.of("error", quoted(error.getClass().getSimpleName())));
    if (value instanceof Uuid id) return quoted(id.equals(Uuid.ZERO_UUID) ? "zero" : "uuid");
    if (value instanceof Number number) return number(field, number.longValue());
    if (value instanceof Boolean) return value.toString();
    if (value instanceof Enum<?> || value instanceof CharSequence) return text(field, value.toString());
    if (value instanceof Map<?, ?> map) return map(map);
    if (value instanceof Collection<?> all) return list(field, all);
    return fields(value);
  }

  private static Object settled(KafkaFuture<?> future) {
    try {
      return future.get(30, TimeUnit.SECONDS);
    } catch (ExecutionException error) {
      return error.getCause();
    } catch (Exception error) {
      return error;
    }
  }

  private static String number(String field, long value) {
    boolean isTime = field.endsWith("imestamp") || field.endsWith("StartTimeMs");
    if (value > 0 && (MADE_UP.contains(field) || isTime && value > 1_000_000_000_000L)) return quoted(field);
    return Long.toString(value);
  }

  private static String text(String field, String value) {
    if (MADE_UP.contains(field) && !value.isEmpty()) return quoted(field);
    return quoted(placed(value));
  }

  private static String placed(String value) {
    if (value.startsWith("/") && !value.startsWith("/127")) return "place";
    return value.replaceAll("127\\.0\\.0\\.1:\\d+", "127.0.0.1:port");
  }

  private static String map(Map<?, ?> map) {
    Map<String, String> shown = new TreeMap<>();
    map.forEach((key, value) -> shown.put(key(key), json(key instanceof CharSequence name ? name.toString() : "", value)));
    return object(shown);
  }

  private static String key(Object key) {
    return key instanceof Uuid ? "uuid" : placed(key.toString());
  }

  private static String list(String field, Collection<?> all) {
    boolean isOrdered = all instanceof List<?> && (field.equals("synonyms") || field.equals("replicas") || field.equals("isr"));
    var shown = all.stream().map(item -> json(field, item));
    return (isOrdered ? shown : shown.sorted()).toList().toString();
  }

  private static String fields(Object value) {
    Map<String, String> shown = new TreeMap<>();
    for (Method method : value.getClass().getMethods()) {
      boolean isAccessor = method.getParameterCount() == 0
          && method.getReturnType() != void.class
          && !Modifier.isStatic(method.getModifiers())
          && !method.isAnnotationPresent(Deprecated.class)
          && !NO_ACCESSOR.contains(method.getName())
          && !method.getReturnType().equals(value.getClass());
      if (!isAccessor) continue;
      try {
        method.setAccessible(true);
        shown.put(method.getName(), json(method.getName(), method.invoke(value)));
      } catch (ReflectiveOperationException | RuntimeException error) {
        shown.put(method.getName(), quoted("threw " + error.getClass().getSimpleName()));
      }
    }
    return shown.isEmpty() ? quoted(value.toString()) : object(shown);
  }

  static String object(Map<String, String> fields) {
    return fields.entrySet().stream().map(it -> quoted(it.getKey()) + ":" + it.getValue()).toList().toString()
        .replaceAll("^\\[", "{").replaceAll("\\]$", "}");
  }

  static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') out.append('\\').append(c);
      else if (c < ' ') out.append(String.format("\\u%04x", (int) c));
      else out.append(c);
    }
    return out.append('"').toString();
  }

  private Show() {}
}
