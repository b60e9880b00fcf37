/** Every method of the AdminClient. Argument: bootstrap servers. */
public final class AdminTour {
  public static void main(String[] args) {
    try (Tour tour = new Tour(args[0])) {
      TopicSteps.run(tour);
      ConfigSteps.run(tour);
      ClusterSteps.run(tour);
      SecuritySteps.run(tour);
      GroupSteps.run(tour);
      TransactionSteps.run(tour);
      OtherSteps.run(tour);
      tour.step("not called", tour::notCalled);
    }
    System.out.println("{\"step\":\"done\",\"result\":null}");
    System.exit(0);
  }
}
